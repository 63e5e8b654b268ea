package glia.train.data;

import glia.io.jsonl.TextPlace;
import java.io.IOException;

/// Receives the documents of a source, each in one or more pieces.
interface DocumentReader {
    /// A part of the current document.
    ///
    /// @param place where it begins
    void piece(String text, TextPlace place) throws IOException;

    /// The end of the current document.
    void end() throws IOException;
}
