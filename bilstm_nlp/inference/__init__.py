"""What `load` returns: trained models that read what people have and write what they want."""
