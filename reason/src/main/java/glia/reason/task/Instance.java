package glia.reason.task;

import java.util.Map;

/// What a task draws: a problem that does not have a place in a split yet.
///
/// @param canonical the canonical form, which decides the split: equal for instances that are the same up to order,
///     names or wording
/// @param prompt the prompt's text
/// @param fields what the verifier needs, in JSON values; `answer` is a right answer in the form that the task expects
public record Instance(String canonical, String prompt, Map<String, Object> fields) {
    /// @throws IllegalArgumentException if there is no field `answer`
    public Instance {
        fields = Map.copyOf(fields);
        if (!(fields.get("answer") instanceof String)) {
            throw new IllegalArgumentException("an instance needs a right answer, a string in its field \"answer\"");
        }
    }
}
