package glia.train.check;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// A case of a [CaseFile]: parameters, inputs and what the reference library computed from them.
public final class ReferenceCase {
    private final CaseFile file;
    private final JsonNode node;
    private final CaseParams params;
    private final Set<String> used = new HashSet<>();

    ReferenceCase(CaseFile file, JsonNode node) {
        this.file = file;
        this.node = node;
        params = new CaseParams(node.path("params"));
    }

    /// The name of the case within its group.
    public String id() {
        return node.get("id").asString();
    }

    /// The kind of computation; empty if the group has one kind only.
    public String kind() {
        return node.path("kind").asString("");
    }

    /// The parameters.
    public CaseParams params() {
        return params;
    }

    /// The whole JSON object of the case.
    public JsonNode json() {
        return node;
    }

    // ---- inputs --------------------------------------------------------------------------------------------------

    private String inputName(String name) {
        return "batch." + node.path("batch").asString("") + "." + name;
    }

    /// Whether the case's batch has a tensor of this name.
    public boolean hasInput(String name) {
        return file.has(inputName(name));
    }

    /// A tensor of the case's batch.
    ///
    /// @throws IllegalArgumentException if there is none
    public CaseTensor input(String name) {
        return file.tensor(inputName(name));
    }

    // ---- results -------------------------------------------------------------------------------------------------

    private String resultName(String name) {
        return "case." + id() + "." + name;
    }

    /// Whether the case has a tensor of this name of its own.
    public boolean hasTensor(String name) {
        return file.has(resultName(name));
    }

    /// A tensor of the case: a result, or an input of its own. It counts as used.
    ///
    /// @throws IllegalArgumentException if there is none
    public CaseTensor tensor(String name) {
        used.add(name);
        return file.tensor(resultName(name));
    }

    /// Whether the case has a scalar result of this name.
    public boolean hasScalar(String name) {
        return node.path("scalars").has(name);
    }

    /// A scalar result, which may be infinite or not a number. It counts as used.
    ///
    /// @throws IllegalArgumentException if there is none
    public double scalar(String name) {
        if (!hasScalar(name)) {
            throw new IllegalArgumentException(id() + ": there is no scalar " + name + ", found "
                    + node.path("scalars").propertyNames());
        }
        used.add(name);
        return CaseParams.number(id() + ": " + name, node.path("scalars").get(name));
    }

    /// The results and tensors that were not used.
    Set<String> unused() {
        Set<String> names = new LinkedHashSet<>(node.path("scalars").propertyNames());
        node.path("tensors").forEach(n -> names.add(n.asString()));
        names.removeAll(used);
        return names;
    }
}
