"""A photo from a visitor, in any format; of a file that is none, the page says in a sentence what is wrong with it."""

import gradio as gr

from xai.photo import PhotoError, load_photo
from xai.studio.picture import cache_picture
from xai.studio.text import say

MAX_SIDE = 1024  # pixels a side; more would take seconds longer and show nothing new

# gr.Image silently ignores a file that the browser does not take for an image, as most browsers do not take HEIC.
# This script calls every file an image, so that it reaches the server, which decides what it is.
SCRIPT = """<script>
const isImage = (file) => file.type.startsWith("image/");
const hasOthers = (files) => [...(files ?? [])].some((file) => !isImage(file));
const asImages = (files) => {
    const transfer = new DataTransfer();
    for (const file of files)
        transfer.items.add(isImage(file) ? file : new File([file], file.name, {type: "image/unknown"}));
    return transfer;
};
document.addEventListener("change", (event) => {
    if (event.target.matches?.(".photo input[type=file]") && hasOthers(event.target.files))
        event.target.files = asImages(event.target.files).files;
}, true);
document.addEventListener("drop", (event) => {
    if (!event.target.closest?.(".photo") || !hasOthers(event.dataTransfer?.files)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const dataTransfer = asImages(event.dataTransfer.files);
    event.target.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}, true);
</script>"""


class PhotoInput(gr.Image):
    """gr.Image that reads files by `load_photo`; for a file that is no photo a handler gets a PhotoError.

    The error is handed on instead of raised, so that the handler can say it in the visitor's language and put the
    former photo back.
    """

    is_template = True  # the browser side of gr.Image serves this one too; Gradio wants it to be the direct base

    def preprocess(self, payload):
        if payload is None:
            return None
        if payload.path is None:  # a data: URL, which Gradio's limit on file sizes does not see
            return PhotoError("unreadable")
        try:
            return load_photo(payload.path, MAX_SIDE)
        except PhotoError as error:
            return error

    def postprocess(self, value):
        return super().postprocess(cache_picture(value, self.GRADIO_CACHE))

    async def async_move_resource_to_block_cache(self, url_or_file_path):
        """Refuse addresses, which Gradio would fetch whatever their size; all else is left to Gradio."""
        if str(url_or_file_path).lower().startswith(("http:", "https:")):
            raise gr.Error(say("en", "fetches_nothing"), print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)
