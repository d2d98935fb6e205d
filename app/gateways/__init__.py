"""The outside world: payment gateways, mail, calendars. They speak kernel words only and know no room."""
