"""Passages come in: from files, large corpora and datasets."""
