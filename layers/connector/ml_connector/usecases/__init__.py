"""What the functions do, said once, against ports."""
