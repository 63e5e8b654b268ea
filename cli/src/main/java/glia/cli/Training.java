package glia.cli;

import glia.cli.terminal.Console;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The run from which the launcher makes an AOT cache: it loads, links and calls what commands of a kind do.
public final class Training {
    private static final List<String> LIGHT = List.of("--help", "--version", "help pull", "models", "models --json",
            "completion bash");
    private static final List<String> COMPUTE = List.of("tokenize stories260K Once", "inspect stories260K",
            "run stories260K -p Once --max-tokens 16 --seed 1", "run stories260K -p Once --max-tokens 16 --json",
            "chat stories260K --max-tokens 16");
    private static final String CONVERSATION = "Once\n/set temperature 0\n/stats\nOnce more\n";

    private Training() {}

    /// @param words `light`, `emitted` or `vector`
    public static void main(String[] words) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        for (String line : words[0].equals("light") ? LIGHT : COMPUTE) {
            var in = new ByteArrayInputStream(CONVERSATION.getBytes(StandardCharsets.UTF_8));
            new Cli(Console.plain(in, nowhere, nowhere)).run(List.of(line.split(" ")));
        }
        Main.main(new String[] {"--halp"});
    }
}
