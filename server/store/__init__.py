"""SQLAlchemy tables and every query; the only place that speaks SQL."""
