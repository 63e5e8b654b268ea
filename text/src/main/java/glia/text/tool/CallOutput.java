package glia.text.tool;

import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import glia.text.template.ToolCall;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// Reports calls, and keeps the arguments of the present one.
final class CallOutput {
    private final ToolCallParser.Receiver receiver;
    private final StringBuilder arguments = new StringBuilder();
    private int next;
    private boolean isOpen;
    private String id = "";
    private String name = "";

    CallOutput(ToolCallParser.Receiver receiver) {
        this.receiver = receiver;
    }

    /// Whether the beginning of the present call was reported.
    boolean isOpen() {
        return isOpen;
    }

    /// The number of the present call, if its beginning was reported; else -1.
    int index() {
        return isOpen ? next : -1;
    }

    /// @throws CallReader.Malformed if the name cannot be that of a tool
    void begin(String callId, String callName) {
        if (callName.isEmpty() || callName.length() > CallText.MAX_WORD
                || callName.chars().anyMatch(c -> c <= ' ' || c == 0x7f)) {
            throw new CallReader.Malformed(ToolProblem.Kind.INVALID_NAME, "found " + (callName.isEmpty() ? "no name"
                    : "a name with blanks") + ", expected the name of a tool");
        }
        isOpen = true;
        id = callId;
        name = callName;
        arguments.setLength(0);
        receiver.begin(next, id, name);
    }

    void arguments(CharSequence piece) {
        if (!piece.isEmpty()) {
            arguments.append(piece);
            receiver.arguments(next, piece.toString());
        }
    }

    /// Sets the id of a call whose id comes last.
    void id(String callId) {
        id = callId;
    }

    /// Ends the call.
    ///
    /// @throws CallReader.Malformed if the arguments are not an object, such as one with a key twice
    void end() {
        if (arguments.isEmpty()) {
            arguments("{}");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        try {
            Map<?, ?> parsed = (Map<?, ?>) JsonValues.parse(arguments.toString());
            parsed.forEach((key, value) -> values.put((String) key, value));
        } catch (JacksonException e) {
            throw new CallReader.Malformed(ToolProblem.Kind.INVALID_JSON, "the arguments: " + JsonErrors.reason(e));
        }
        isOpen = false;
        int index = next++;
        receiver.end(index, new ToolCall(id, name, values));
    }

    /// Abandons the call.
    void cancel() {
        if (isOpen) {
            isOpen = false;
            next++;
        }
    }
}
