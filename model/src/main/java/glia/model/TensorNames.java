package glia.model;

import glia.model.family.Family;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The tensor names of a family in a kind of file.
interface TensorNames {
    /// The prefix of most names, which files of classes without a head, such as `Qwen3Model`, leave out.
    String PREFIX = "model.";

    /// The source of a parameter.
    Source of(ModelSpec spec, Parameter p);

    /// Whether an unused tensor is expected.
    boolean ignores(ModelSpec spec, String name);

    /// Those of the hub.
    record Hub(Family family) implements TensorNames {
        @Override
        public Source of(ModelSpec spec, Parameter p) {
            return family.source(spec, p).renamed(name -> name.startsWith(PREFIX)
                    ? List.of(name, name.substring(PREFIX.length())) : List.of(name));
        }

        @Override
        public boolean ignores(ModelSpec spec, String name) {
            return family.ignores(spec, name);
        }
    }

    /// Those of GGUF files.
    record Gguf(GgufForm form) implements TensorNames {
        @Override
        public Source of(ModelSpec spec, Parameter p) {
            return form.source(spec, p);
        }

        @Override
        public boolean ignores(ModelSpec spec, String name) {
            return form.ignores(spec, name);
        }
    }
}
