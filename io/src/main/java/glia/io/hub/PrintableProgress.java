package glia.io.hub;

import glia.io.DisplayText;

/// Passes progress on with control characters escaped: file names in it come from servers and archives.
record PrintableProgress(Progress target) implements Progress {
    @Override
    public void step(String oneLine) {
        target.step(DisplayText.escape(oneLine));
    }

    @Override
    public void advance(String what, long doneBytes, long totalBytes) {
        target.advance(DisplayText.escape(what), doneBytes, totalBytes);
    }
}
