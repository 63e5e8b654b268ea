package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.option.ComputeOptions;
import glia.cli.option.GenerationFlags;
import glia.io.Config;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A YAML file that describes a model as it is served or run: `model`, `name`, `system`, `adapter`, and generation
/// options under the names of the command line, such as `temperature` and `top-p`. Paths are relative to the
/// file's folder.
///
/// @param name its name in requests: that of the file without its ending unless `name` is there
/// @param model the model, as on a command line
/// @param system the system prompt of conversations without one
/// @param adapter an adapter of all requests
/// @param options the command line with the file's generation options where it has none of its own
record ModelFile(String name, String model, Optional<String> system, Optional<String> adapter, Arguments options) {
    private static final List<String> OWN = List.of("model", "name", "system", "adapter");

    /// Whether a word of a command line names such a file.
    static boolean isOne(String word) {
        String name = word.toLowerCase(Locale.ROOT);
        return (name.endsWith(".yaml") || name.endsWith(".yml")) && Files.isRegularFile(Path.of(word));
    }

    /// Reads a file.
    ///
    /// @param arguments the command line, whose options replace the file's
    /// @throws IOException if a key is unknown, or a value is missing or wrong; the message names the line
    static ModelFile read(Path file, Arguments arguments) throws IOException {
        YamlDocument document = YamlDocument.read(file);
        Config config = document.config();
        if (!config.has("model")) {
            throw config.error("model", "is missing, expected the name or path of a model");
        }
        Arguments options = arguments;
        for (String key : config.keys()) {
            if (!OWN.contains(key)) {
                options = with(options, key, arguments, document);
            }
        }
        String name = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        return new ModelFile(config.text("name", name), beside(file, config.text("model")),
                text(config, "system"), text(config, "adapter").map(folder -> beside(file, folder)), options);
    }

    /// The command line of one model with what its file says, where it names a file.
    ///
    /// @param talks whether a system prompt has an effect
    static Arguments applied(Arguments arguments, boolean talks) throws IOException {
        Optional<String> word = arguments.optional(0).filter(ModelFile::isOne);
        if (word.isEmpty()) {
            return arguments;
        }
        ModelFile file = read(Path.of(word.get()), arguments);
        Arguments applied = file.options().withFirst(file.model());
        if (talks && file.system().isPresent() && !arguments.has(ChatCommand.SYSTEM)) {
            applied = applied.with(ChatCommand.SYSTEM, file.system().get());
        }
        return file.adapter().isEmpty() || arguments.has(ComputeOptions.ADAPTER) ? applied
                : applied.with(ComputeOptions.ADAPTER, file.adapter().get());
    }

    private static Optional<String> text(Config config, String key) throws IOException {
        return config.has(key) ? Optional.of(config.text(key)) : Optional.empty();
    }

    private static Arguments with(Arguments options, String key, Arguments given, YamlDocument document)
            throws IOException {
        Option<?> option = GenerationFlags.named(key.replace('_', '-')).orElseThrow(() -> document.error(key,
                "is unknown." + Suggestions.sentence(key, known()) + " Known are " + String.join(", ", known())));
        return with(options, option, key, given, document);
    }

    /// Adds the value of a key to a command line that does not have the option. A mapping of values is read as words
    /// `key=value` where the option may be repeated.
    ///
    /// @throws IOException if it is none of the option's values; the message names the line
    static Arguments with(Arguments options, Option<?> option, String key, Arguments given, YamlDocument document)
            throws IOException {
        List<?> values = switch (document.values().get(key)) {
            case List<?> list when option.repeatable() -> list;
            case Map<?, ?> map when option.repeatable() -> map.entrySet().stream().map(Object::toString).toList();
            case null -> throw document.error(key, "found nothing, expected a value");
            case Object value -> List.of(value);
        };
        List<String> words = new ArrayList<>();
        for (Object each : values) {
            if (each instanceof List<?> || each instanceof Map<?, ?>) {
                throw document.error(key, "found a list or a mapping, expected one value" + (option.repeatable()
                        ? " or a list of values" : ""));
            }
            words.add(String.valueOf(each));
        }
        try {
            return given.has(option) ? options : options.with(option, words);
        } catch (IllegalArgumentException e) {
            throw document.error(key, e.getMessage());
        }
    }

    private static List<String> known() {
        List<String> known = new ArrayList<>(OWN);
        known.addAll(GenerationFlags.names());
        return known;
    }

    /// A path beside the file, if there is one of this name.
    private static String beside(Path file, String word) {
        Path path = file.toAbsolutePath().resolveSibling(word);
        return Files.exists(path) ? path.toString() : word;
    }
}
