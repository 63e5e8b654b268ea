package glia.serve.request;

import glia.text.template.ToolCall;
import java.util.List;
import java.util.Map;

/// Tools that the server itself runs for requests without tools of their own. For many threads.
public interface ServerTools {
    /// The tools, as chat templates read them.
    List<Map<String, Object>> schemas();

    /// Runs a call, if it is approved.
    ///
    /// @return the result as text; of a call that failed or may not run, an error for the model
    String call(ToolCall call);
}
