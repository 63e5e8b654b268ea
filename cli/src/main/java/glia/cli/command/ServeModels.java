package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.ProgressDisplay;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.runner.Runners;
import glia.engine.voice.Speaker;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.io.hub.Progress;
import glia.serve.pool.CachedModels;
import glia.serve.pool.FileSource;
import glia.serve.pool.KeepAlive;
import glia.serve.pool.ModelCatalogue;
import glia.serve.pool.ModelCatalogue.ModelSource;
import glia.serve.pool.ModelPool.PoolOptions;
import glia.serve.pool.ModelPool;
import glia.serve.request.ServeException;
import glia.tensor.ops.RankGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The models of `glia serve` and their options.
final class ServeModels {
    private static final String GROUP = "Models";

    private static final Option<Long> MEMORY = Option.parsed("SIZE", List.of(), ComputeOptions::bytes,
            "the most that weights and KV caches of all models take, such as 8GB; idle models are unloaded for others "
                    + "(default: four fifths of the machine's memory)", "--memory").in(GROUP);
    private static final Option<KeepAlive> KEEP_ALIVE = Option.parsed("TIME", List.of(), KeepAlive::parse,
            "how long an idle model stays loaded, such as 5m; 0 unloads it at once, -1 never (default: -1)",
            "--keep-alive").in(GROUP);
    private static final Option<Boolean> ANY_MODEL = Option.flag(
            "serve also the models that `glia models` lists, by their names", "--any-model").in(GROUP);
    private static final Option<Boolean> PULL = Option.flag(
            "with --any-model: download models from the hub when they are requested", "--pull").in(GROUP);
    private static final Option<String> ADAPTER = Option.text("NAME=DIR", "LoRA adapter that requests choose as "
            + "MODEL:NAME, of the first MODEL, or of another one as MODEL:NAME=DIR; DIR alone is an adapter of all "
            + "requests", "--adapter").repeated().in(GROUP).elsewhere("--lora", "--lora-modules", "--peft");

    /// All options, with those of the command's models.
    static final List<Option<?>> OPTIONS = List.of(ChatCommand.SYSTEM, MEMORY, KEEP_ALIVE, ANY_MODEL, PULL,
            ADAPTER, ComputeOptions.MMPROJ);

    private ServeModels() { }

    /// @throws UsageException unless there is one model of which ranks can have parts
    static void requireOne(Option<Integer> division, Arguments arguments) {
        for (Option<?> option : List.of(ANY_MODEL, ADAPTER, KEEP_ALIVE, ComputeOptions.KV_MEMORY)) {
            if (arguments.has(option)) {
                throw new UsageException(division.name() + " does not take " + option.name());
            }
        }
        if (arguments.repeated().size() > 1) {
            throw new UsageException(division.name() + ": found " + arguments.repeated().size()
                    + " models, expected one");
        }
    }

    /// Computes as another rank of a server than that which answers, until that ends.
    static int follow(LoadOptions options, RankGroup ranks, Arguments arguments, Console console) throws IOException {
        ModelFile file = models(arguments, console).values().iterator().next();
        try (LanguageModel model = LanguageModel.load(Models.locate(Optional.of(file.model()), arguments, console)
                .path(), options)) {
            Runners.follow(model.engine(), ranks);
        }
        return ExitCode.OK;
    }

    /// A file's model that leads others.
    private record Leading(FileSource file, RankGroup followers) implements ModelSource {
        @Override
        public long weightBytes() throws IOException {
            return file.weightBytes();
        }

        @Override
        public LanguageModel load() throws IOException {
            LanguageModel model = file.load();
            model.engine().followers().add(followers);
            return model;
        }
    }

    /// A pool of the models of the command line, of which the first is loaded.
    ///
    /// @param followers other ranks with parts of the only model, which is not unloaded then
    /// @throws IOException if a model is not there, or the first cannot be loaded
    /// @throws UsageException if an option is wrong
    static ModelPool pool(LoadOptions options, Optional<RankGroup> followers, Arguments arguments, Console console)
            throws IOException {
        if (arguments.has(PULL) && !arguments.has(ANY_MODEL)) {
            throw new UsageException("--pull has no effect without --any-model");
        }
        Map<String, ModelFile> models = models(arguments, console);
        Map<String, Map<String, Path>> adapters = adapters(arguments, console, models);
        Optional<String> ofAll = arguments.all(ADAPTER).stream().filter(word -> !isNamed(word)).findFirst();
        PoolOptions limits = PoolOptions.defaults();
        limits = limits.withMemory(arguments.get(MEMORY).orElse(limits.memoryBytes()))
                .withKeepAlive(arguments.get(KEEP_ALIVE).orElse(limits.keepAlive()));
        ModelCatalogue catalogue = arguments.has(ANY_MODEL)
                ? new CachedModels(HubSettings.fromEnvironment(), options, arguments.has(PULL))
                : ModelCatalogue.EMPTY;
        ModelPool pool = new ModelPool(limits, catalogue);
        LoadProgress progress = new LoadProgress();
        for (Map.Entry<String, ModelFile> model : models.entrySet()) {
            ModelFile file = model.getValue();
            Path path = Models.locate(Optional.of(file.model()), arguments, console).path();
            if (Speaker.describes(path) && followers.isEmpty()) {
                speaker(pool, model.getKey(), Speaker.load(path, options));
                if (!Speaker.describesOmni(path)) {
                    continue;
                }
            }
            boolean isFirst = model.getKey().equals(models.keySet().iterator().next());
            Optional<String> adapter = file.adapter().isPresent() || !isFirst ? file.adapter() : ofAll;
            LoadOptions own = isFirst ? options : options.withProjector(Optional.empty());
            FileSource source = new FileSource(path, adapter.isEmpty() ? own
                    : own.withAdapter(Models.adapter(adapter.get(), arguments, console)),
                    adapters.getOrDefault(model.getKey(), Map.of()), progress, defaults(file));
            pool.add(model.getKey(), followers.<ModelSource>map(ranks -> new Leading(source, ranks)).orElse(source));
        }
        if (pool.hasGenerating()) {
            loadFirst(pool, followers.isPresent(), progress, console);
        }
        return pool;
    }

    private static void speaker(ModelPool pool, String name, Speaker speaker) {
        try {
            pool.add(name, speaker);
        } catch (IllegalArgumentException e) {
            speaker.close();
            throw new UsageException(e.getMessage(), e);
        }
    }

    private static FileSource.Defaults defaults(ModelFile file) {
        boolean isPlain = file.system().isEmpty() && GenerationFlags.ALL.stream().noneMatch(file.options()::has);
        return isPlain ? FileSource.Defaults.NONE
                : new FileSource.Defaults(own -> GenerationFlags.of(file.options(), own), file.system());
    }

    /// The models by their names in requests.
    private static Map<String, ModelFile> models(Arguments arguments, Console console) throws IOException {
        Map<String, ModelFile> models = new LinkedHashMap<>();
        for (String word : arguments.repeated()) {
            int equals = word.indexOf('=');
            boolean isAlias = equals > 0 && !Files.exists(Path.of(word));
            ModelFile model = described(isAlias ? word.substring(equals + 1) : word, arguments);
            String name = isAlias ? word.substring(0, equals) : model.name();
            if (models.put(name, model) != null) {
                throw new UsageException("two models have the name " + name + "; give one another name: NAME=MODEL");
            }
        }
        if (models.isEmpty()) {
            ModelLocation choice = Models.locate(Optional.empty(), arguments, console);
            ModelFile model = described(choice.path().toString(), arguments);
            models.put(choice.origin() == ModelLocation.Origin.BUNDLED ? model.name() : DefaultModel.NAME.name(),
                    model);
        }
        return models;
    }

    /// A model with what its file or the command line says of it.
    private static ModelFile described(String word, Arguments arguments) throws IOException {
        Optional<String> system = arguments.get(ChatCommand.SYSTEM);
        if (!ModelFile.isOne(word)) {
            return new ModelFile(name(word), word, system, Optional.empty(), arguments);
        }
        ModelFile file = ModelFile.read(Path.of(word), arguments);
        return new ModelFile(file.name(), file.model(), system.or(file::system), file.adapter(), file.options());
    }

    /// A file's or folder's name without its ending; else the word itself.
    private static String name(String word) {
        Path path = Path.of(word);
        return Files.exists(path) ? path.toAbsolutePath().normalize().getFileName().toString()
                .replaceFirst("\\.(gguf|safetensors|zip|whl)$", "") : word;
    }

    private static boolean isNamed(String word) {
        return word.indexOf('=') > 0 && !Files.exists(Path.of(word));
    }

    /// The folders of adapters by their names, by model.
    private static Map<String, Map<String, Path>> adapters(Arguments arguments, Console console,
            Map<String, ModelFile> models) throws IOException {
        Map<String, Map<String, Path>> all = new LinkedHashMap<>();
        for (String word : arguments.all(ADAPTER)) {
            if (!isNamed(word)) {
                continue;
            }
            int equals = word.indexOf('=');
            String name = word.substring(0, equals);
            int colon = name.lastIndexOf(':');
            String model = colon < 0 ? models.keySet().iterator().next() : name.substring(0, colon);
            if (!models.containsKey(model)) {
                throw new UsageException("--adapter " + word + ": there is no model " + model + "; found "
                        + String.join(", ", models.keySet()));
            }
            String adapter = name.substring(colon + 1);
            Map<String, Path> ofModel = all.computeIfAbsent(model, _ -> new LinkedHashMap<>());
            requireFree(word, model, adapter,
                    ofModel.containsKey(adapter) || models.containsKey(model + ":" + adapter));
            ofModel.put(adapter, Models.adapter(word.substring(equals + 1), arguments, console));
        }
        return all;
    }

    /// @throws UsageException if a request could not name the adapter, or the name is another one's
    private static void requireFree(String word, String model, String adapter, boolean isTaken) {
        if (adapter.isBlank() || adapter.equals("latest")) {
            throw new UsageException("--adapter " + word + ": found the name '" + adapter + "', expected a word other "
                    + "than latest, which in Ollama's API means the model itself");
        }
        if (isTaken) {
            throw new UsageException("--adapter " + word + ": the name " + model + ":" + adapter
                    + " is taken; give the adapter another one");
        }
    }

    /// Loads the first model, so that what is wrong with it is seen at the start.
    ///
    /// @param stays whether it may never be unloaded
    private static void loadFirst(ModelPool pool, boolean stays, LoadProgress progress, Console console)
            throws IOException {
        try (ProgressDisplay display = new ProgressDisplay(console)) {
            progress.to = display;
            if (stays) {
                pool.lease("");
            }
            try (ModelPool.Lease lease = pool.lease("")) {
                progress.to = Progress.NONE;
                String note = lease.served().model().kernels().note();
                if (!note.isEmpty()) {
                    console.err().println("glia: " + note);
                }
                lease.served().model().scope().ifPresent(scope -> console.err().println("glia: "
                        + lease.served().name() + " " + scope.summary() + "; it refuses other questions"));
            }
        } catch (ServeException e) {
            pool.close();
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Progress of loading, which is displayed until the server has started.
    private static final class LoadProgress implements Progress {
        private volatile Progress to = Progress.NONE;

        @Override
        public void step(String oneLine) {
            to.step(oneLine);
        }

        @Override
        public void advance(String what, long doneBytes, long totalBytes) {
            to.advance(what, doneBytes, totalBytes);
        }
    }
}
