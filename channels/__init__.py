"""How residents reach the city and how answers reach them (诉求渠道): web, conversations, the operators' desk."""
