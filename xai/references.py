"""Every work the studio builds on, by a key: the first author's name and the year. The four sources come first."""

import re
from dataclasses import dataclass

YEAR = r"(?<![\d.])(?:19|20)\d\d(?![\d.]\d)"
CITED = re.compile(rf"([A-ZÀ-Ž][\w-]*)(?: et al\.| and (?:Inwhee )?[A-Z]\w+)?,.*?({YEAR})", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """One work.

    Attributes:
        authors: as they are cited, "Selvaraju et al."; empty where the work names none.
        title: in full.
        where: conference, journal or address; empty where it is not known.
        year: None where it is not known.
    """

    authors: str
    title: str
    where: str = ""
    year: int | None = None

    @property
    def short(self) -> str:
        """As in "Selvaraju et al., 2017"; a work without authors by its title."""
        return f"{self.authors}, {self.year}" if self.authors else self.title

    def __str__(self) -> str:
        """As one line: "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017"."""
        place = " ".join(filter(None, (self.where, str(self.year or ""))))
        return ", ".join(filter(None, (self.authors, self.title, place)))


SOURCES = {
    "baina2024": Reference("BaiNa and Inwhee Joe", "Deep Learning Methods for Explainable Image Recognition", "", 2024),
    "seo2021": Reference("Wonju Seo", "a summary of CAM (Zhou et al., 2016), in a blog", "", 2021),
    "fal": Reference("", "FPN-ABN layered model (FAL)"),
    "kang2021": Reference(
        "JuneGyu Kang, MinGyeong Jeon, HyeonSeok Lee and Sungchan Kim",
        "Visual Explanation of Black-box Models Using Layer-wise Class Activation Maps from Approximating Neural "
        "Networks",
        "",
        2021,
    ),
}
REFERENCES = {
    **SOURCES,
    # Maps from a network's inside
    "zhou2016": Reference("Zhou et al.", "Learning Deep Features for Discriminative Localization", "CVPR", 2016),
    "selvaraju2017": Reference("Selvaraju et al.", "Grad-CAM: Visual Explanations from Deep Networks", "ICCV", 2017),
    "chattopadhay2018": Reference(
        "Chattopadhay et al.", "Grad-CAM++: Generalized Gradient-based Visual Explanations", "WACV", 2018
    ),
    "omeiza2019": Reference("Omeiza et al.", "Smooth Grad-CAM++", "arXiv 1908.01224", 2019),
    "fu2020": Reference(
        "Fu et al.", "Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs", "BMVC", 2020
    ),
    "draelos2020": Reference(
        "Draelos and Carin", "Use HiResCAM instead of Grad-CAM for Faithful Explanations", "arXiv 2011.08891", 2020
    ),
    "jiang2021": Reference(
        "Jiang et al.", "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", "TIP", 2021
    ),
    "zhang2025": Reference(
        "Zhang et al.", "Finer-CAM: Spotting the Difference Reveals Finer Details for Visual Explanation", "CVPR", 2025
    ),
    "muhammad2020": Reference(
        "Muhammad and Yeasin", "Eigen-CAM: Class Activation Map using Principal Components", "IJCNN", 2020
    ),
    "desai2020": Reference(
        "Desai and Ramaswamy", "Ablation-CAM: Visual Explanations via Gradient-free Localization", "WACV", 2020
    ),
    "wang2020": Reference(
        "Wang et al.", "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks", "CVPRW", 2020
    ),
    "smilkov2017": Reference("Smilkov et al.", "SmoothGrad: removing noise by adding noise", "arXiv 1706.03825", 2017),
    "gildenblat2021": Reference("Gildenblat et al.", "the library pytorch-grad-cam", "", 2021),
    # Maps of a black box
    "petsiuk2018": Reference(
        "Petsiuk et al.", "RISE: Randomized Input Sampling for Explanation of Black-box Models", "BMVC", 2018
    ),
    "ribeiro2016": Reference(
        "Ribeiro et al.", '"Why Should I Trust You?": Explaining the Predictions of Any Classifier', "KDD", 2016
    ),
    "fong2017": Reference(
        "Fong and Vedaldi",
        "Interpretable Explanations of Black Boxes by Meaningful Perturbation",
        "ICCV",
        2017,
    ),
    # Networks
    "he2016": Reference("He et al.", "Deep Residual Learning for Image Recognition", "CVPR", 2016),
    "lin2017": Reference("Lin et al.", "Feature Pyramid Networks for Object Detection", "CVPR", 2017),
    "hu2018": Reference("Hu et al.", "Squeeze-and-Excitation Networks", "CVPR", 2018),
    "woo2018": Reference("Woo et al.", "CBAM: Convolutional Block Attention Module", "ECCV", 2018),
    "fukui2019": Reference(
        "Fukui et al.", "Attention Branch Network: Learning of Attention Mechanism for Visual Explanation", "CVPR", 2019
    ),
    "tan2019": Reference(
        "Tan and Le", "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", "ICML", 2019
    ),
    # Training
    "hinton2015": Reference("Hinton et al.", "Distilling the Knowledge in a Neural Network", "arXiv 1503.02531", 2015),
    "romero2015": Reference("Romero et al.", "FitNets: Hints for Thin Deep Nets", "ICLR", 2015),
    "guo2017": Reference("Guo et al.", "On Calibration of Modern Neural Networks", "ICML", 2017),
    "hooker2019": Reference(
        "Hooker et al.", "A Benchmark for Interpretability Methods in Deep Neural Networks", "NeurIPS", 2019
    ),
    # What a map is worth
    "efron1979": Reference("Efron", "Bootstrap methods: another look at the jackknife", "Annals of Statistics", 1979),
    "poppi2021": Reference(
        "Poppi et al.", "Revisiting The Evaluation of Class Activation Mapping for Explainability", "CVPRW", 2021
    ),
    "zhang2024": Reference(
        "Zhang et al.", "Opti-CAM: Optimizing saliency maps for interpretability", "CVIU (arXiv 2301.07002)", 2024
    ),
    "bohle2021": Reference(
        "Böhle et al.",
        "Convolutional Dynamic Alignment Networks for Interpretable Classifications",
        "CVPR",
        2021,
    ),
    "arias-duart2022": Reference(
        "Arias-Duart et al.", "Focus! Rating XAI Methods and Finding Biases", "FUZZ-IEEE", 2022
    ),
    # Data
    "yang2010": Reference(
        "Yang and Newsam",
        "Bag-of-Visual-Words and Spatial Extensions for Land-Use Classification",
        "ACM GIS",
        2010,
    ),
}


def find_keys(text: str) -> list[str]:
    """The keys of all works that a text cites as `Name et al., …, year`, with semicolons between them."""
    cited = filter(None, (CITED.search(part) for part in text.split(";")))
    return [f"{found[1].lower().replace('ö', 'o')}{found[2]}" for found in cited]
