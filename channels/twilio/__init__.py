"""SMS, MMS, WhatsApp and telephone calls, through Twilio."""
