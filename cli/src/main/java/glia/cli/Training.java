package glia.cli;

import glia.cli.terminal.Console;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The run from which the launcher makes an AOT cache: what commands of a kind load, link and call.
public final class Training {
    private static final List<String> LIGHT = List.of("--help", "--version", "help pull", "models", "models --json",
            "completion bash");

    private Training() {}

    /// @param words `light` or `compute`
    public static void main(String[] words) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        Console console = Console.plain(InputStream.nullInputStream(), nowhere, nowhere);
        LIGHT.forEach(line -> new Cli(console).run(List.of(line.split(" "))));
        Main.main(new String[] {"--halp"});
    }
}
