"""The order that a resident is still telling (诉求草稿): kept here, so that a lost dialogue costs a question at worst."""
