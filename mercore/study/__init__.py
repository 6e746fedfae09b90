"""The study of recorded trainings on real music: claims, tables, figures. Explained in 09_beyond_the_report."""
