package glia.cli;

import glia.cli.build.TrainingModel;
import glia.cli.terminal.Console;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The training run of an AOT cache: runs the commands of one kind with a model in the hub's layout and one in GGUF.
/// The cache holds the classes loaded here, and profiles: methods that ran often are compiled sooner.
public final class AotCacheRun {
    private static final List<String> LIGHT = List.of("--help", "--version", "help pull", "models", "models --json",
            "completion bash");
    private static final List<String> COMPUTE = List.of("tokenize MODEL Once", "inspect MODEL",
            "run MODEL -p Once --max-tokens 16 --seed 1", "run MODEL -p Once --max-tokens 16 --temperature 0",
            "chat MODEL --max-tokens 16", "perplexity MODEL TEXT --windows 1");
    private static final String CONVERSATION = "Once\n/set temperature 0\n/stats\nOnce more\n";

    private AotCacheRun() {}

    /// @param words `light`, `emitted` or `vector`, and a folder to write to
    public static void main(String[] words) throws IOException {
        if (words[0].equals("light")) {
            run(LIGHT);
        } else {
            // Packed weights are cached for these small models too.
            System.setProperty("glia.packed.least", "0");
            Path folder = Files.createDirectories(Path.of(words[1]));
            Path model = folder.resolve("model.gguf");
            Path text = folder.resolve("text");
            TrainingModel.write(model);
            Files.writeString(text, "Once upon a time there was a little model. ".repeat(64));
            for (String name : List.of("stories260K", model.toString())) {
                run(COMPUTE.stream().map(line -> line.replace("MODEL", name).replace("TEXT", text.toString()))
                        .toList());
            }
        }
        System.setProperty(EarlyInitialization.PROPERTY, "true");
        Main.main(new String[] {"--halp"});
    }

    private static void run(List<String> lines) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        for (String line : lines) {
            var in = new ByteArrayInputStream(CONVERSATION.getBytes(StandardCharsets.UTF_8));
            new Cli(Console.plain(in, nowhere, System.err)).run(List.of(line.split(" ")));
        }
    }
}
