"""What echo state networks need beside their layers: passes over data and free runs."""
