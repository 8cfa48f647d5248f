"""Measurements that anyone can repeat: `python -m bench.NAME`, with a mosquitto installed."""
