"""Many runs of many variants, compared so that chance is not taken for a difference."""
