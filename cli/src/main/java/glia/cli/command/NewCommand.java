package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.MachineMemory;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.adapter.AdapterFolder;
import glia.model.family.Families;
import glia.model.fresh.FamilySizes;
import glia.model.fresh.NewModels;
import glia.model.fresh.NewVoices;
import glia.model.spec.Parameters;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.text.tokenizer.GgufTokenizerFolder;
import glia.text.tokenizer.Tokenizer;
import glia.text.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// Makes a model with random initial weights: of a family with sizes, of a config.json, or of a spec written as YAML.
public final class NewCommand implements Command {
    private static final Option<String> OUT = Option.text("DIR", "new or empty folder for the model", "--output", "-o");
    private static final Option<String> TOKENIZER = Option.text("MODEL", "model whose tokenizer is copied: a "
            + "folder, a GGUF file or a name; its vocabulary size is the default of vocab", "--tokenizer");
    private static final Option<Long> SEED = Option.longInteger("N", "seed of the initial weights (default: 0)",
            "--seed", "-s");
    private static final Option<DType> TYPE = Option.parsed("TYPE", List.of("f32", "f16", "bf16"),
            NewCommand::type, "number format of matrices (default: f32)", "--type").elsewhere("--dtype");
    private static final Option<Boolean> LIST = Option.flag("list the families with their sizes and defaults",
            "--list");
    private static final String VOCAB = "vocab";

    /// For [glia.cli.Cli].
    public NewCommand() {}

    private static DType type(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "f32" -> DType.F32;
            case "f16" -> DType.F16;
            case "bf16" -> DType.BF16;
            default -> throw new IllegalArgumentException("'" + word + "' is not one of f32, f16, bf16");
        };
    }

    @Override
    public String name() {
        return "new";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Make a model with random weights, for training",
                List.of(new Positional("SPEC", "family such as llama, config.json, or YAML file that names the mixers "
                        + "of each layer", false),
                        new Positional("NAME=VALUE", "size of the family, such as hidden=256", false).repeated()),
                List.of(OUT, TOKENIZER, SEED, TYPE, LIST, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia new llama hidden=256 layers=6 heads=8 kv-heads=2 vocab=4096 context=512 -o tiny
                        tiny
                        $ glia new hybrid.yaml -o hybrid --tokenizer SmolLM2-135M-Instruct
                        hybrid""")
                .notes("Sizes that are not given have defaults, which --list shows; --list with a family shows that "
                        + "family. The same seed gives the same weights.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.has(LIST)) {
            list(arguments, console);
            return ExitCode.OK;
        }
        String source = arguments.optional(0).orElseThrow(() -> new UsageException(
                "SPEC is missing: a family, a config.json or a .yaml file; --list shows the families"));
        Path out = Path.of(arguments.required(OUT));
        if (NewVoices.families().stream().anyMatch(f -> f.modelType().equals(source))) {
            voice(source, out, arguments, console);
            return ExitCode.OK;
        }
        Optional<Path> tokenizer = arguments.has(TOKENIZER)
                ? Optional.of(tokenizer(arguments, console)) : Optional.empty();
        Config config = config(source, arguments.repeated(), tokenizer);
        IfExists ifExists = arguments.has(TextFiles.FORCE) ? IfExists.REPLACE : IfExists.FAIL;
        try (Model model = create(config, arguments.get(SEED).orElse(0L))) {
            ModelWriter.write(model, model.weights(), out, arguments.get(TYPE), ifExists);
            NewModels.writeProcessor(config, out);
            if (tokenizer.isPresent()) {
                copy(tokenizer.get(), out);
            } else {
                console.err().println("glia: warning: the model has no tokenizer, so it takes no text; --tokenizer "
                        + "MODEL copies that of a model, such as SmolLM2-135M-Instruct, and a recipe's "
                        + "tokenizer.train trains one");
            }
            report(model.spec().modelType(), Parameters.count(model.spec()), out, arguments, console);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", "does not describe a model: " + e.getMessage(), e);
        }
        return ExitCode.OK;
    }

    /// Makes a model that speaks.
    private static void voice(String family, Path out, Arguments arguments, Console console) throws IOException {
        boolean readsCharacters = family.equals("vits");
        if (arguments.has(TYPE) || readsCharacters == arguments.has(TOKENIZER)) {
            throw new UsageException(arguments.has(TYPE) ? "--type is not for " + family + ", which is written in f32"
                    : readsCharacters ? "--tokenizer is not for vits, which reads characters"
                    : "--tokenizer is missing: " + family + " reads the tokens of a model, such as "
                            + "SmolLM2-135M-Instruct");
        }
        Optional<Path> tokenizer = readsCharacters ? Optional.empty() : Optional.of(tokenizer(arguments, console));
        Config config;
        try {
            Map<String, Object> values = new LinkedHashMap<>(NewModels.values(arguments.repeated()));
            if (tokenizer.isPresent()) {
                values.putIfAbsent(VOCAB, load(tokenizer.get()).vocabSize() + 2);
            }
            config = NewVoices.config(family, values);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
        long count = NewVoices.write(config, arguments.get(SEED).orElse(0L), out,
                arguments.has(TextFiles.FORCE) ? IfExists.REPLACE : IfExists.FAIL);
        if (tokenizer.isPresent()) {
            copy(tokenizer.get(), out);
        }
        console.err().println("glia: note: the weights are random, so what the model says is noise");
        report(family, count, out, arguments, console);
    }

    /// A folder or a GGUF file with a tokenizer: one that exists, which needs no weights, or the files of a model.
    private static Path tokenizer(Arguments arguments, Console console) throws IOException {
        String name = arguments.get(TOKENIZER).orElseThrow();
        Path path = Path.of(name);
        return Files.isDirectory(path) && !AdapterFolder.isOne(path) ? path
                : Models.files(Optional.of(name), arguments, console).base();
    }

    private static boolean isGguf(Path tokenizer) {
        return Files.isRegularFile(tokenizer);
    }

    private static Tokenizer load(Path path) throws IOException {
        if (!isGguf(path)) {
            return Tokenizer.load(path);
        }
        try (GgufCheckpoint gguf = GgufCheckpoint.open(path)) {
            return Tokenizer.fromGguf(gguf.metadata());
        }
    }

    private static void copy(Path tokenizer, Path out) throws IOException {
        if (!isGguf(tokenizer)) {
            TokenizerFiles.copy(tokenizer, out);
            return;
        }
        try (GgufCheckpoint gguf = GgufCheckpoint.open(tokenizer)) {
            GgufTokenizerFolder.write(gguf.metadata(), out);
        }
    }

    private static Model create(Config config, long seed) throws CheckpointException {
        MachineMemory.requireWeights(Families.spec(config));
        return FreshModel.create(config, seed);
    }

    private static Config config(String source, List<String> words, Optional<Path> folder) throws IOException {
        Map<String, Object> values;
        try {
            values = new LinkedHashMap<>(NewModels.values(words));
            Optional<Tokenizer> tokenizer = folder.isPresent() ? Optional.of(load(folder.get()))
                    : Optional.empty();
            boolean isFamily = NewModels.families().stream().anyMatch(f -> f.modelType().equals(source));
            if (tokenizer.isPresent() && isFamily) {
                values.putIfAbsent(VOCAB, tokenizer.get().vocabSize());
            }
            Config config = NewModels.config(source, values);
            return tokenizer.isPresent() ? matched(config, tokenizer.get(), folder.get()) : config;
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
    }

    /// The config with the tokens at which texts begin and end.
    private static Config matched(Config config, Tokenizer tokenizer, Path folder) throws CheckpointException {
        if (config.has("vocab_size") && config.integer("vocab_size") < tokenizer.vocabSize()) {
            throw new CheckpointException(config.origin(), "", "the vocabulary has " + config.integer("vocab_size")
                    + " tokens, the tokenizer in " + folder + " has " + tokenizer.vocabSize());
        }
        Config with = with(config, "bos_token_id", tokenizer.bos());
        return with(with, "eos_token_id", tokenizer.eos());
    }

    private static Config with(Config config, String key, OptionalInt token) {
        return token.isPresent() && !config.has(key) ? config.with(key, token.getAsInt()) : config;
    }

    private static void report(String type, long count, Path out, Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("path", out.toString());
            document.put("model_type", type);
            document.put("parameters", count);
            Json.print(console, document);
        } else {
            console.err().println("Made a model of " + Units.count(count) + " parameters (" + count + ")");
            console.out().println(out);
        }
    }

    private static void list(Arguments arguments, Console console) {
        List<FamilySizes> families = Stream.concat(NewModels.families().stream(),
                        NewVoices.families().stream())
                .filter(f -> arguments.optional(0).isEmpty() || f.modelType().equals(arguments.optional(0).get()))
                .toList();
        if (families.isEmpty()) {
            throw new UsageException("'" + arguments.optional(0).orElseThrow()
                    + "' is no family; --list alone shows all");
        }
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            for (FamilySizes family : families) {
                Map<String, Object> sizes = new LinkedHashMap<>();
                family.sizes().forEach(size -> sizes.put(size.name(), family.standard(size.name())));
                document.put(family.modelType(), sizes);
            }
            Json.print(console, document);
            return;
        }
        Table table = new Table("Ll").head("family", "sizes with their defaults");
        for (FamilySizes family : families) {
            table.row(family.modelType(), String.join(" ", family.sizes().stream()
                    .map(size -> size.name() + "=" + family.standard(size.name())).toList()));
        }
        table.print(console);
    }
}
