"""Payment gateways behind one small protocol (base.py); router.py knows which there are."""
