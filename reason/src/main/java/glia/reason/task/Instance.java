package glia.reason.task;

import glia.io.picture.Picture;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// What a task draws: a problem that does not have a place in a split yet.
///
/// @param canonical the canonical form, which decides the split: equal for instances that are the same up to order,
///     names or wording
/// @param prompt the prompt's text
/// @param fields what the verifier needs, in JSON values; `answer` is a right answer in the form that the task expects
/// @param pictures makes those that stand before the prompt, once the instance has its place
public record Instance(String canonical, String prompt, Map<String, Object> fields,
        Supplier<List<Picture>> pictures) {
    /// @throws IllegalArgumentException if there is no field `answer`
    public Instance {
        fields = Map.copyOf(fields);
        if (!(fields.get("answer") instanceof String)) {
            throw new IllegalArgumentException("an instance needs a right answer, a string in its field \"answer\"");
        }
    }

    /// An instance without pictures.
    public Instance(String canonical, String prompt, Map<String, Object> fields) {
        this(canonical, prompt, fields, List::of);
    }
}
