"""The study of recorded trainings on real music. Explained in 07_results and 09_beyond_the_report.

`records` loads and verifies the committed records, `tables` and `claims` compute what they show, `figures` draws it;
`sweep` trains many networks, `experiments` measures again what stands in data/.
"""

__all__ = [
    "ablations", "baselines", "claims", "experiments", "figures", "label_permutation", "models", "plots", "records",
    "sweep", "tables", "text",
]  # fmt: skip
