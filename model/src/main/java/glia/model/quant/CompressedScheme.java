package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A compressed-tensors config: which modules are quantized and how
/// (https://github.com/vllm-project/compressed-tensors).
///
/// @param ignored modules that are not quantized
record CompressedScheme(List<Group> groups, List<Target> ignored) {
    /// The granularity of scales.
    enum Strategy { TENSOR, CHANNEL, GROUP, BLOCK, TENSOR_GROUP }

    /// How the weights of a group of modules are quantized.
    ///
    /// @param isSymmetric whether there are no zero points
    /// @param groupSize inputs that share a scale, for the group strategy
    /// @param block rows and columns that share a scale, for the block strategy
    record Group(List<Target> targets, String format, int bits, boolean isFloat, boolean isSymmetric,
            Strategy strategy, int groupSize, int[] block) { }

    /// A module: its name, a pattern after `re:` that matches the beginning of its name, or its class.
    ///
    /// @param pattern matches module names; for a class it matches the class name only
    record Target(String text, Pattern pattern) {
        boolean fitsName(String module) {
            return text.startsWith("re:") ? pattern.matcher(module).lookingAt() : text.equals(module);
        }

        /// All quantized weights belong to linear layers.
        boolean fitsClass() {
            return text.equals("Linear");
        }
    }

    static CompressedScheme read(Config q) throws CheckpointException {
        for (String key : List.of("transform_config", "sparsity_config")) {
            if (q.isObject(key) && !q.child(key).keys().isEmpty()
                    && !q.child(key).text("format", "").equals("dense")) {
                throw q.error(key, "such weights are not supported, only quantized ones");
            }
        }
        String format = q.text("format", "dense");
        List<Group> groups = new ArrayList<>();
        if (q.has("config_groups")) {
            Config all = q.child("config_groups");
            for (String key : all.keys()) {
                Config one = all.child(key);
                if (one.has("weights")) {
                    groups.add(group(one, one.text("format", format)));
                }
            }
        }
        return new CompressedScheme(groups, q.has("ignore") ? targets(q, "ignore") : List.of());
    }

    private static Group group(Config one, String format) throws CheckpointException {
        Config w = one.child("weights");
        String type = w.text("type", "int");
        if (!Set.of("int", "float").contains(type)) {
            throw w.error("type", "found \"" + type + "\", expected \"int\" or \"float\"");
        }
        if (w.has("dynamic") && w.flag("dynamic")) {
            throw w.error("dynamic", "found true, expected weights with scales of their own");
        }
        int groupSize = w.integer("group_size", -1);
        int[] block = w.has("block_structure") ? w.integers("block_structure") : new int[] {128, 128};
        Strategy strategy = strategy(w, groupSize);
        boolean grouped = strategy == Strategy.GROUP || strategy == Strategy.TENSOR_GROUP;
        if (grouped && groupSize < 1) {
            throw w.error("group_size", "found " + groupSize + ", expected at least 1");
        }
        if (block.length != 2 || block[0] < 1 || block[1] < 1) {
            throw w.error("block_structure", "expected two integers of at least 1");
        }
        return new Group(targets(one, "targets"), format, w.integer("num_bits", 8), type.equals("float"),
                w.flag("symmetric", true), strategy, groupSize, block);
    }

    private static Strategy strategy(Config w, int groupSize) throws CheckpointException {
        String text = w.text("strategy", groupSize > 0 ? "group" : groupSize == -1 && w.has("group_size") ? "channel"
                : "tensor");
        return switch (text) {
            case "tensor" -> Strategy.TENSOR;
            case "channel" -> Strategy.CHANNEL;
            case "group" -> Strategy.GROUP;
            case "block" -> Strategy.BLOCK;
            case "tensor_group" -> Strategy.TENSOR_GROUP;
            default -> throw w.error("strategy", "found \"" + text
                    + "\", expected tensor, channel, group, block or tensor_group");
        };
    }

    private static List<Target> targets(Config config, String key) throws CheckpointException {
        List<Target> targets = new ArrayList<>();
        for (String text : config.strings(key)) {
            try {
                targets.add(new Target(text, Pattern.compile(text.startsWith("re:") ? text.substring(3) : "(?!)")));
            } catch (PatternSyntaxException e) {
                throw config.error(key, "\"" + text + "\" is no pattern: " + e.getDescription());
            }
        }
        return targets;
    }

    boolean ignores(String module) {
        return ignored.stream().anyMatch(t -> t.fitsName(module));
    }

    /// The group of a module; names take precedence over classes.
    Group groupOf(String module, String name, Parts parts) throws CheckpointException {
        for (Group group : groups) {
            if (group.targets.stream().anyMatch(t -> t.fitsName(module))) {
                return group;
            }
        }
        for (Group group : groups) {
            if (group.targets.stream().anyMatch(Target::fitsClass)) {
                return group;
            }
        }
        throw parts.error(name, "is packed, but no group of quantization_config has the module " + module
                + " among its targets");
    }
}
