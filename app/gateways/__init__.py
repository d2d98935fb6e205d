<<<<<<< HEAD
"""The outside world as we speak to it: payment gateways, Google, mail. They know kernel words only."""
=======
"""The outside world: payment gateways, mail, calendars. They speak kernel words only and know no room."""
>>>>>>> main
