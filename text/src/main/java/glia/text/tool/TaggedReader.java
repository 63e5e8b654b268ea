package glia.text.tool;

/// Reads what follows Llama's `<|python_tag|>`, `<|python_start|>` or `<|python_end|>`: JSON objects, or calls in
/// Python's syntax.
final class TaggedReader implements CallReader {
    /// Llama 4 may write `<|python_start|>` and `<|python_end|>` before the calls, or around them.
    static final String START = "<|python_start|>";
    static final String END = "<|python_end|>";

    private final CallText text;
    private final CallOutput out;
    private final boolean hasEnd;
    private CallReader reader;
    private boolean isOver;

    /// @param hasEnd whether an end marker may follow
    TaggedReader(CallText text, CallOutput out, boolean hasEnd) {
        this.text = text;
        this.out = out;
        this.hasEnd = hasEnd;
    }

    @Override
    public boolean isGuess() {
        return hasEnd && !out.isOpen();
    }

    @Override
    public boolean step() {
        if (reader == null) {
            text.skipBlanks();
            if (!hasEnd || !text.skip(END)) {
                reader = reader();
            }
            return true;
        }
        if (!isOver && reader.step()) {
            return true;
        }
        isOver = true;
        text.skipBlanks();
        if (hasEnd && !text.isAtEnd()) {
            text.skip(END);
        }
        return false;
    }

    private CallReader reader() {
        char c = text.peek();
        if (c == '[') {
            int next = 1;
            while (text.at() + next < text.length() && CallText.isBlank(text.charAt(text.at() + next))) {
                next++;
            }
            if (text.at() + next == text.length() && !text.isFinal()) {
                throw CallReader.Incomplete.INSTANCE;
            }
            c = text.at() + next == text.length() ? 0 : text.charAt(text.at() + next);
        }
        return c == '{' ? new ObjectReader(text, out, "", null) : new FunctionReader(text, out, hasEnd ? END : "");
    }
}
