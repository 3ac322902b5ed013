"""What a trained network is worth: accuracy, calibration, and its layers or maps as explanations."""
