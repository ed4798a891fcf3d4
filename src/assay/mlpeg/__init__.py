"""Family mlpeg: tables that ML-PEG has made, read and scored by assay's rules; nothing here computes."""
