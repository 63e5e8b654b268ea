package glia.text.tool;

/// Reads what follows Llama's `<|python_tag|>`: JSON objects, or calls of built-in tools in Python's syntax.
final class TaggedReader implements CallReader {
    private final CallText text;
    private final CallOutput out;
    private CallReader reader;

    TaggedReader(CallText text, CallOutput out) {
        this.text = text;
        this.out = out;
    }

    @Override
    public boolean step() {
        if (reader == null) {
            text.skipBlanks();
            char c = text.peek();
            reader = c == '{' || c == '[' ? new ObjectReader(text, out, "", null) : new FunctionReader(text, out, "");
        }
        return reader.step();
    }
}
