"""`ml-connector fit`: what one company's Intacct looks like to this connector, read only."""
