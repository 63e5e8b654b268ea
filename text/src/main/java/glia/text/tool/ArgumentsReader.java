package glia.text.tool;

import glia.io.DisplayText;
import glia.io.json.JsonValues;
import glia.text.tool.CallReader.Malformed;

/// Reads arguments in JSON: an object, null, or a string that holds an object.
final class ArgumentsReader {
    private final CallText text;
    private final StringBuilder copy = new StringBuilder();
    private JsonScanner scanner = new JsonScanner();
    private boolean isObject;
    private boolean isReading;

    ArgumentsReader(CallText text) {
        this.text = text;
    }

    /// Prepares for the next arguments.
    void reset() {
        scanner = new JsonScanner();
        copy.setLength(0);
        isReading = false;
    }

    /// Reads on.
    ///
    /// @param out receives the text of the object as it comes; null to keep it
    /// @throws CallReader.Incomplete until the value is complete
    void read(CallOutput out) {
        if (!isReading) {
            text.skipBlanks();
            char c = text.peek();
            if (c != '{' && c != 'n' && c != '"') {
                throw new Malformed(ToolProblem.Kind.INVALID_JSON, "found '" + DisplayText.escape(
                        String.valueOf(c)) + "', expected the arguments as a JSON object");
            }
            isObject = c == '{';
            isReading = true;
        }
        boolean isDone = scanner.scan(text, copy);
        isReading = !isDone;
        if (isDone && !isObject) {
            unwrap();
        }
        if (out != null && (isObject || isDone)) {
            out.arguments(copy);
            copy.setLength(0);
        }
        if (!isDone) {
            throw CallReader.Incomplete.INSTANCE;
        }
    }

    /// Whether the position is within the arguments.
    boolean isReading() {
        return isReading;
    }

    /// The arguments that were kept.
    CharSequence kept() {
        return copy;
    }

    private void unwrap() {
        String inner = JsonValues.parse(copy.toString()) instanceof String string && !string.isBlank() ? string : "{}";
        copy.setLength(0);
        CallText nested = new CallText(new StringBuilder(inner));
        nested.end();
        nested.skipBlanks();
        if (nested.peek() != '{' || !new JsonScanner().scan(nested, copy)) {
            throw new Malformed(ToolProblem.Kind.INVALID_JSON, "found a string, expected an object in it");
        }
        nested.skipBlanks();
        if (!nested.isAtEnd()) {
            throw new Malformed(ToolProblem.Kind.INVALID_JSON, "found a string that goes on after its object");
        }
    }
}
