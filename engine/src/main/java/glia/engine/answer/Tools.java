package glia.engine.answer;

import glia.text.template.ToolCall;
import java.util.List;
import java.util.Map;

/// Tools whose calls run in this process. For many threads where many requests use them.
public interface Tools {
    /// The tools, as chat templates read them. By default there are none.
    default List<Map<String, Object>> schemas() {
        return List.of();
    }

    /// Runs a call, if it is approved.
    ///
    /// @return the result as text; of a call that failed or may not run, an error for the model
    String call(ToolCall call);

    /// Receives a call that does not run, since its arguments are no JSON object, with what the model reads instead of
    /// a result. By default nothing happens.
    default void refused(ToolCall call, String error) { }
}
