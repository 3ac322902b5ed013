"""Every word a visitor reads, in English and Korean."""

import gradio as gr

ENGLISH = {
    "heading": "# Why did it say that?\n\nGive a network a photo and see not only what it says but where it looked, beside another network that "
    "was trained alike.",
    "garbage": "Garbage",
    "intro": "One photo of waste, two networks. At first the left one has no attention and the right one has learnt, stage by stage, which of its "
    "channels to listen to. The colours show which parts of the photo speak for the class.",
    "photo": "Photo",
    "photo_alt": "the photo to explain",
    "examples": "Or pick an example",
    "explain": "Explain",
    "model_a": "Left network",
    "model_b": "Right network",
    "options": "Options",
    "method": "Method",
    "target": "Class to explain",
    "predicted": "the predicted one",
    "layer_a": "Layer of the left network",
    "layer_b": "Layer of the right network",
    "last_layer": "last",
    "opacity": "Opacity of the colours",
    "colormap": "Colours",
    "box": "Box around the strongest region",
    "common": "One colour scale for both maps",
    "confidences": "Confidence",
    "heatmap_a": "Left: where it looked",
    "heatmap_b": "Right: where it looked",
    "heatmap_a_alt": "heatmap of the left network over the photo",
    "heatmap_b_alt": "heatmap of the right network over the photo",
    "compare": "## Compare\n\nColours by class show which region speaks for which class, the stronger the more opaque; percentages are "
    "shares of the evidence.",
    "slider": "Left and right in one picture: drag the line.",
    "evidence_a": "Left: regions by class",
    "evidence_b": "Right: regions by class",
    "evidence_a_alt": "the photo coloured by the class each region speaks for, left network",
    "evidence_b_alt": "the photo coloured by the class each region speaks for, right network",
    "about": "## About these two networks",
    "loss": "Loss",
    "accuracy": "Accuracy (%)",
    "epoch": "epoch",
    "training": "training",
    "validation": "validation",
    "parameters": "Parameters",
    "input": "Input",
    "epochs": "Epochs of training",
    "teacher": "Teacher",
    "taught": "{teacher}; imitating it is part of the training loss",
    "map_cells": "Cells of the last map",
    "test_accuracy": "Test accuracy, {data}",
    "calibration": "Calibration error, {data}",
    "confusion": "Confusion matrix, {data} test photos: rows are the true classes, columns the answers",
    "matrices": "Confusion matrices",
    "privacy": "Photos are used for the answer and deleted within a day. The networks know six kinds of waste and "
    "answer with one of them whatever the photo shows.",
    "no_photo": "Add a photo first: drop one, paste one, take one, or pick an example.",
    "bad_photo": "Photo",
    "expired": "This page was left alone for an hour: press Explain to go on.",
    "blank": "Nothing in the photo speaks for “{label}” here, so the map is empty.",
    "seconds": "{label}, {confidence} sure · {milliseconds} ms",
    "cannot_cam": "CAM needs global average pooling followed by one linear layer, but this network ends in three fully "
    "connected layers: use Grad-CAM instead.",
    "cam_last": "CAM reads the last layer only; for another layer use Grad-CAM.",
    "photo.missing": "This photo cannot be used: the file did not arrive.",
    "photo.folder": "This photo cannot be used: it is a folder.",
    "photo.unreadable": "This photo cannot be used: it is empty, damaged or not a photo (JPEG, PNG, WebP, AVIF, HEIC, GIF, "
    "BMP or TIFF).",
    "photo.large": "This photo cannot be used: it has {width}×{height} pixels, more than {limit} megapixels.",
    "photo.small": "This photo cannot be used: it has {width}×{height} pixels, and {limit} a side is the least that shows "
    "anything.",
    "photo.long": "This photo cannot be used: it has {width}×{height} pixels, too long and thin for a photo.",
    "model.garbage-cnn": "Small CNN",
    "model.garbage-resnet50": "ResNet-50, no attention",
    "model.garbage-se_resnet50": "ResNet-50 + SE in every block",
    "model.garbage-s_se_resnet50": "ResNet-50 + SE shared per stage",
    "model.garbage-efficientnet_lite0": "EfficientNet-Lite0, pre-trained",
    "method.cam": "CAM",
    "method.gradcam": "Grad-CAM",
    "class.cardboard": "cardboard",
    "class.glass": "glass",
    "class.metal": "metal",
    "class.paper": "paper",
    "class.plastic": "plastic",
    "class.trash": "trash",
    "colormap.turbo": "turbo",
    "colormap.jet": "jet, as in the papers",
    "colormap.viridis": "viridis, for colour-blind eyes",
    "colormap.magma": "magma",
    "colormap.cividis": "cividis",
    "data.trashnet": "TrashNet",
    "data.webwaste": "photos from life",
}

KOREAN = {
    "heading": "# 왜 그렇게 답했을까요?\n\n사진을 주면 신경망이 무엇이라고 답하는지뿐 아니라 어디를 보았는지를, 같은 방법으로 학습한 다른 신경망과 나란히 보여 줍니다.",
    "garbage": "쓰레기 분류",
    "intro": "쓰레기 사진 한 장과 신경망 두 개. 처음 보이는 왼쪽 신경망은 주의 메커니즘이 없고, 오른쪽은 어느 채널에 귀를 기울일지 스테이지마다 배웠습니다. "
    "색은 사진의 어느 부분이 그 분류의 근거인지를 나타냅니다.",
    "photo": "사진",
    "photo_alt": "설명할 사진",
    "examples": "또는 예시 고르기",
    "explain": "설명하기",
    "model_a": "왼쪽 신경망",
    "model_b": "오른쪽 신경망",
    "options": "옵션",
    "method": "방법",
    "target": "설명할 분류",
    "predicted": "예측된 분류",
    "layer_a": "왼쪽 신경망의 층",
    "layer_b": "오른쪽 신경망의 층",
    "last_layer": "마지막",
    "opacity": "색의 불투명도",
    "colormap": "색상표",
    "box": "가장 강한 영역에 상자 그리기",
    "common": "두 지도에 같은 색 척도 쓰기",
    "confidences": "확신도",
    "heatmap_a": "왼쪽: 어디를 보았나",
    "heatmap_b": "오른쪽: 어디를 보았나",
    "heatmap_a_alt": "사진 위에 겹친 왼쪽 신경망의 히트맵",
    "heatmap_b_alt": "사진 위에 겹친 오른쪽 신경망의 히트맵",
    "compare": "## 비교\n\n분류별 색은 어느 영역이 어느 분류의 근거인지를 나타내며 근거가 강할수록 진합니다. 백분율은 근거의 몫입니다.",
    "slider": "한 그림 속의 왼쪽과 오른쪽: 선을 끌어 보세요.",
    "evidence_a": "왼쪽: 영역별 분류",
    "evidence_b": "오른쪽: 영역별 분류",
    "evidence_a_alt": "영역마다 근거가 되는 분류의 색을 입힌 사진, 왼쪽 신경망",
    "evidence_b_alt": "영역마다 근거가 되는 분류의 색을 입힌 사진, 오른쪽 신경망",
    "about": "## 두 신경망에 대하여",
    "loss": "손실",
    "accuracy": "정확도 (%)",
    "epoch": "에포크",
    "training": "학습",
    "validation": "검증",
    "parameters": "매개변수",
    "input": "입력",
    "epochs": "학습한 에포크",
    "teacher": "교사",
    "taught": "{teacher}; 모방 오차도 학습 손실에 들어 있습니다",
    "map_cells": "마지막 지도의 칸",
    "test_accuracy": "시험 정확도, {data}",
    "calibration": "보정 오차, {data}",
    "confusion": "혼동 행렬, {data} 시험 사진: 행은 실제 분류, 열은 답",
    "matrices": "혼동 행렬",
    "privacy": "사진은 답을 내는 데만 쓰이고 하루 안에 지워집니다. 신경망은 여섯 가지 쓰레기만 알며, 사진에 무엇이 있든 그중 하나로 답합니다.",
    "no_photo": "먼저 사진을 넣어 주세요: 끌어다 놓거나, 붙여 넣거나, 찍거나, 예시를 고르세요.",
    "bad_photo": "사진",
    "expired": "한 시간 동안 쓰지 않아 결과가 지워졌습니다. 설명하기를 눌러 계속하세요.",
    "blank": "이 사진에는 “{label}”의 근거가 없어 지도가 비어 있습니다.",
    "seconds": "{label}, 확신도 {confidence} · {milliseconds} ms",
    "cannot_cam": "CAM에는 전역 평균 풀링과 하나의 선형 층이 필요한데 이 신경망은 완전 연결 층 셋으로 끝납니다: Grad-CAM을 쓰세요.",
    "cam_last": "CAM은 마지막 층만 읽습니다. 다른 층에는 Grad-CAM을 쓰세요.",
    "photo.missing": "이 사진은 쓸 수 없습니다: 파일이 도착하지 않았습니다.",
    "photo.folder": "이 사진은 쓸 수 없습니다: 폴더입니다.",
    "photo.unreadable": "이 사진은 쓸 수 없습니다: 비어 있거나 손상되었거나 사진이 아닙니다 (JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF).",
    "photo.large": "이 사진은 쓸 수 없습니다: {width}×{height} 화소로 {limit}백만 화소를 넘습니다.",
    "photo.small": "이 사진은 쓸 수 없습니다: {width}×{height} 화소인데 한 변이 적어도 {limit} 화소는 되어야 합니다.",
    "photo.long": "이 사진은 쓸 수 없습니다: {width}×{height} 화소로 사진이라기에는 너무 길고 가늡니다.",
    "model.garbage-cnn": "작은 CNN",
    "model.garbage-resnet50": "ResNet-50, 주의 없음",
    "model.garbage-se_resnet50": "ResNet-50 + 블록마다 SE",
    "model.garbage-s_se_resnet50": "ResNet-50 + 스테이지 공유 SE",
    "model.garbage-efficientnet_lite0": "EfficientNet-Lite0, 사전 학습",
    "method.cam": "CAM",
    "method.gradcam": "Grad-CAM",
    "class.cardboard": "골판지",
    "class.glass": "유리",
    "class.metal": "금속",
    "class.paper": "종이",
    "class.plastic": "플라스틱",
    "class.trash": "일반 쓰레기",
    "colormap.turbo": "turbo",
    "colormap.jet": "jet, 논문과 같은 색",
    "colormap.viridis": "viridis, 색각 이상 배려",
    "colormap.magma": "magma",
    "colormap.cividis": "cividis",
    "data.trashnet": "TrashNet",
    "data.webwaste": "생활 속 사진",
}

LANGUAGES = {"en": ENGLISH, "ko": KOREAN}
PREFIX = "xai."  # Gradio has texts of its own, under names like "common" and "slider"
I18N = gr.I18n(**{lang: {PREFIX + key: text for key, text in texts.items()} for lang, texts in LANGUAGES.items()})


def translated(key: str):
    """A text that the visitor's browser puts into the visitor's language."""
    if key not in ENGLISH:
        raise KeyError(key)
    return I18N(PREFIX + key)


def language(request: gr.Request | None) -> str:
    """The visitor's language, for what Gradio cannot translate in the browser."""
    accepted = (request.headers.get("accept-language") or "") if request else ""
    return "ko" if accepted.lower().startswith("ko") else "en"


def say(lang: str, key: str, **details) -> str:
    """A text in a language; an unknown class or data set is called by its own name."""
    text = LANGUAGES[lang].get(key, key.partition(".")[2] or key)
    return text.format(**details) if details else text
