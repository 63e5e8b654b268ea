package glia.model.adapter;

import java.util.List;

/// Names of modules, in one of the forms of PEFT's `target_modules` and `exclude_modules`.
public sealed interface ModuleNames {
    /// Modules whose name is one of these or ends with a dot and one of these.
    ///
    /// @param suffixes such as `q_proj` or `layers.0.self_attn.q_proj`
    record Suffixes(List<String> suffixes) implements ModuleNames {
        public Suffixes {
            suffixes = List.copyOf(suffixes);
        }

        @Override
        public String toString() {
            return String.join(", ", suffixes);
        }
    }

    /// Modules whose whole name matches a regular expression.
    ///
    /// @param expression such as `.*layers\.[0-3]\.mlp\.(up|down)_proj`
    record Matching(String expression) implements ModuleNames {
        @Override
        public String toString() {
            return expression;
        }
    }

    /// All linear modules but the output head and the routers of experts.
    record AllLinear() implements ModuleNames {
        /// The name in config files.
        public static final String NAME = "all-linear";
    }

    /// No modules.
    ModuleNames NONE = new Suffixes(List.of());

    /// Modules by the ends of their names.
    static ModuleNames of(String... suffixes) {
        return new Suffixes(List.of(suffixes));
    }

    /// A name in one of these forms: `all-linear`, a list separated by commas, or else a regular expression.
    static ModuleNames parse(String text) {
        if (text.equals(AllLinear.NAME)) {
            return new AllLinear();
        }
        return text.matches("[\\w.,-]+") ? of(text.split(",")) : new Matching(text);
    }
}
