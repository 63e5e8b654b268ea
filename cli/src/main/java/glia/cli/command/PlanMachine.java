package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.MachineMemory;
import glia.io.Config;
import glia.lab.Bench.Rate;
import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import glia.plan.machine.Machine;
import glia.plan.machine.Machine.Fitting;
import glia.plan.machine.ModelSample;
import glia.plan.machine.ModelSample.Speeds;
import glia.tensor.DType;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// What runs on this machine, and how fast, before anything is downloaded.
final class PlanMachine {
    private static final int MOST_ROWS = 24;
    private static final double SECONDS = 11;
    private static final DType USUAL = DType.Q4_K;

    private PlanMachine() { }

    static int run(List<String> models, boolean json, Console console) throws IOException {
        if (!models.isEmpty()) {
            for (String model : models) {
                model(model, json, console);
            }
            return ExitCode.OK;
        }
        console.err().println("Measuring this machine for about 15 seconds ...");
        Machine machine = Machine.measure();
        List<Fitting> fitting = machine.fitting(Catalogue.load());
        if (json) {
            Json.print(console, document(machine, fitting));
        } else {
            print(machine, fitting, console);
        }
        return ExitCode.OK;
    }

    /// Predicts a model that is here by its files, or one of the catalogue by its spec.
    private static void model(String name, boolean json, Console console) throws IOException {
        Speeds speeds;
        double bytes;
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors())) {
            Path path = Path.of(name);
            if (Files.exists(path) && !hasNoWeights(path)) {
                try (Model model = ModelLoader.load(path)) {
                    speeds = ModelSample.of(model, workers, SECONDS);
                    bytes = model.checkpoint().sizeBytes();
                }
            } else {
                ModelSpec spec = Files.exists(path) ? Families.spec(Config.read(Files.isDirectory(path)
                        ? path.resolve("config.json") : path)) : ofCatalogue(name);
                bytes = Machine.memory(spec, USUAL);
                speeds = ModelSample.of(spec, USUAL, workers, SECONDS);
            }
        }
        Map<String, Rate> rates = new LinkedHashMap<>();
        rates.put("prompt_" + speeds.promptTokens(), speeds.prompt());
        rates.put("generate_64_x1", speeds.single());
        rates.put("generate_64_x" + ModelSample.STREAMS, speeds.batched());
        if (json) {
            Map<String, Object> document = BenchCommand.document(name, Runtime.getRuntime().availableProcessors(),
                    rates);
            document.put("memory_bytes", bytes);
            document.put("machine_memory_bytes", MachineMemory.totalBytes());
            Json.print(console, document);
        } else {
            console.printText("Predicted from the first layers, measured on this machine; the weights take "
                    + Units.bytes((long) bytes) + " of " + Units.bytes(MachineMemory.totalBytes()) + ".");
            BenchCommand.table(rates).print(console);
        }
    }

    /// Whether a path is a config, or a folder with a config but without tensors.
    private static boolean hasNoWeights(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return path.toString().endsWith(".json");
        }
        try (Stream<Path> files = Files.list(path)) {
            return Files.exists(path.resolve("config.json")) && files.map(Path::toString).noneMatch(
                    file -> file.matches(".*\\.(safetensors|bin|pth|pt|gguf|index\\.json)"));
        }
    }

    static ModelSpec ofCatalogue(String name) {
        return Catalogue.load().find(name).stream().filter(Disclosed.class::isInstance).map(Disclosed.class::cast)
                .findFirst().orElseThrow(() -> new IllegalArgumentException(name + ": its architecture is not "
                        + "published")).validSpec();
    }

    private static void print(Machine machine, List<Fitting> fitting, Console console) {
        console.printText(Units.counted(machine.cores(), "core") + ", " + Units.bytes(machine.memory())
                + " of memory, weights are read at " + gigas(machine.read()) + " GB/s");
        Table rates = new Table("lrrr").head("weights", "one sequence, GB/s", "16 sequences, GFLOP/s",
                "prompt, GFLOP/s");
        machine.formats().forEach(f -> rates.row(f.type().name(), gigas(f.read()), gigas(f.batched()),
                gigas(f.prompt())));
        rates.print(console);
        console.out().println();
        console.printText("Models of the catalogue that fit with 4,096 tokens of context, each in the largest format "
                + "that reaches " + (int) Machine.USEFUL + " tokens/s for one sequence, or else in Q4_K; those that "
                + "reach it first, by size. Tokens per second" + (fitting.size() > MOST_ROWS ? "; --json has all "
                + fitting.size() + ":" : ":"));
        Table table = new Table("llrrrr").head("model", "weights", "memory", "prompt", "one sequence", "16 sequences");
        fitting.stream().limit(MOST_ROWS).forEach(f -> table.row(f.model().id(), f.type().name(),
                Units.bytes((long) f.memory()), Units.rate(f.prompt()), Units.rate(f.single()),
                Units.rate(f.batched())));
        table.print(console);
    }

    private static String gigas(double rate) {
        return String.format(Locale.ROOT, "%.1f", rate / 1e9);
    }

    private static Map<String, Object> document(Machine machine, List<Fitting> fitting) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("cores", machine.cores());
        document.put("memory_bytes", machine.memory());
        document.put("read_bytes_per_second", machine.read());
        Map<String, Object> formats = new LinkedHashMap<>();
        machine.formats().forEach(f -> formats.put(f.type().name().toLowerCase(Locale.ROOT), Map.of(
                "read_bytes_per_second", f.read(), "batch_16_flops", f.batched(), "prompt_512_flops", f.prompt())));
        document.put("formats", formats);
        document.put("models", fitting.stream().map(f -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("model", f.model().id());
            row.put("weights", f.type().name().toLowerCase(Locale.ROOT));
            row.put("memory_bytes", f.memory());
            row.put("prompt_512", f.prompt());
            row.put("generate_64_x1", f.single());
            row.put("generate_64_x16", f.batched());
            return row;
        }).toList());
        return document;
    }
}
