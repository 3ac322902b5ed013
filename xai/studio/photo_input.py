"""A photo from a visitor: anything a browser can send, never a bare "Error"."""

import gradio as gr

from xai.photo import PhotoError, load_photo

MAX_SIDE = 1024  # pixels a side; more costs the visitor seconds and shows nothing new


class PhotoInput(gr.Image):
    """gr.Image that reads files by `load_photo`; a file that is no photo arrives at the handler as a PhotoError.

    Handing the error on instead of raising it lets the handler name it in the visitor's language and put the former
    photo back.
    """

    is_template = True  # the browser side of gr.Image serves this one too

    def preprocess(self, payload):
        if payload is None:
            return None
        if payload.path is None:  # a data: URL, which Gradio's limit on file sizes does not see
            return PhotoError("unreadable")
        try:
            return load_photo(payload.path, MAX_SIDE)
        except PhotoError as error:
            return error
