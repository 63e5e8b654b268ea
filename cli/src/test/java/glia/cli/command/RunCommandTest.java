package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Generates text with the model that is part of the program.
class RunCommandTest {
    @TempDir Path folder;

    private static TestConsole run(int exitCode, String input, String... words) {
        TestConsole console = new TestConsole(input);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String outputOf(String... words) {
        return run(ExitCode.OK, "", words).out();
    }

    private static JsonNode json(String... words) {
        return JsonMapper.shared().readTree(outputOf(words));
    }

    @Test
    void runPrintsTheAnswerAndNothingElse() {
        assertEquals("time, there was a little girl named Lily.\n",
                outputOf("run", "stories260K", "-p", "Once upon a", "--temperature", "0", "--stop", " She"));
        assertEquals("time, there was a little girl named Lily.\n",
                outputOf("run", "stories260K", "Once upon a", "--temperature", "0", "--stop", " She"));
        assertEquals("time, there was a little girl named Lily.\n",
                run(ExitCode.OK, "Once upon a\n", "run", "stories260K", "--temperature", "0", "--stop", " She").out());
    }

    /// A model that is divided among ranks gives the same text on any number of them, also with sampling.
    @Test
    void ranksAnswerAsOne() {
        String[] words = {"run", "stories260K", "Once upon a", "-n", "12", "--precision", "exact", "--seed", "7",
            "--tensor"};
        String one = outputOf(with(words, "1"));
        assertEquals(one, outputOf(with(words, "2")));
        assertEquals(one, outputOf(with(words, "4")));
        // Layers on ranks of their own have the bits of one process.
        words[words.length - 1] = "--pipeline";
        assertEquals(outputOf(Arrays.copyOf(words, words.length - 1)), outputOf(with(words, "3")));
        words[words.length - 1] = "--expert";
        assertTrue(run(ExitCode.USAGE, "", with(words, "2")).err().contains("the model has no experts"));
        words[words.length - 1] = "--tensor";
        assertTrue(!outputOf("run", "stories260K", "Once upon a", "-n", "9", "--tensor", "2").isBlank());
        assertTrue(run(ExitCode.USAGE, "", with(words, "3")).err()
                .contains("--tensor: found 3, expected 1, 2, 4 or 8"));
    }

    private static String[] with(String[] words, String last) {
        return Stream.concat(Arrays.stream(words), Stream.of(last)).toArray(String[]::new);
    }

    @Test
    void textOnStandardInputFollowsThePrompt() {
        String joined = outputOf("run", "stories260K", "Once upon a\n\ntime there", "--temperature", "0", "-n", "9");
        assertEquals(joined, run(ExitCode.OK, "time there\n", "run", "stories260K", "Once upon a", "--temp", "0",
                "-n", "9").out());
        assertEquals(joined, run(ExitCode.OK, "time there\n", "run", "-m", "stories260K", "-p", "Once upon a", "--temp",
                "0", "-n", "9").out());
        assertNotEquals(joined, outputOf("run", "stories260K", "Once upon a", "--temperature", "0", "-n", "9"));
    }

    @Test
    void answersAreWrappedAtTheWidthOfATerminal() {
        String[] words = {"run", "stories260K", "Once upon a", "--temperature", "0", "-n", "40"};
        TestConsole narrow = new TestConsole("", 30);
        assertEquals(ExitCode.OK, narrow.run(words));
        String piped = outputOf(words);
        assertTrue(narrow.out().lines().allMatch(line -> line.length() <= 30), narrow::out);
        assertTrue(piped.lines().anyMatch(line -> line.length() > 30), piped);
        assertEquals(piped.replaceAll("\\s+", " "), narrow.out().replaceAll("\\s+", " "));
    }

    @Test
    void controlCharactersDoNotReachTheTerminal() throws Exception {
        Path missing = folder.resolve("a\033[2Jb\u202ec");
        for (int width : new int[] {0, 80}) {
            TestConsole console = new TestConsole("", width);
            assertEquals(ExitCode.BAD_FILE, console.run("perplexity", "stories260K", missing.toString()));
            assertEquals(width == 0, console.err().contains("a\033[2Jb\u202ec: no such file"), console::err);
            assertEquals(width > 0, console.err().contains("a\\x1b[2Jb\\u202ec: no such file"), console::err);
        }
        TestConsole decoded = new TestConsole("", 80);
        assertEquals(ExitCode.OK, decoded.run("tokenize", "stories260K", "--decode", "30"));
        assertEquals("\\x1b\n", decoded.out());
        assertEquals("\033\n", outputOf("tokenize", "stories260K", "--decode", "30"), "a pipe gets it as it is");
    }

    @Test
    void jsonIsOneDocument() {
        JsonNode answer = json("run", "stories260K", "-p", "Once upon", "--seed", "7", "--max-tokens", "20", "--json");
        assertEquals(20, answer.path("tokens").asInt());
        assertEquals("length", answer.path("finish").asString());
        assertEquals(3, answer.path("prompt_tokens").asInt());
        assertTrue(answer.path("tokens_per_second").asDouble() > 0);
        String text = answer.path("text").asString();
        assertEquals(text, json("run", "stories260K", "-p", "Once upon", "--seed", "7", "--max-tokens", "20", "--json",
                "--kernels", "scalar", "--threads", "1").path("text").asString());
        assertNotEquals(text, json("run", "stories260K", "-p", "Once upon", "--seed", "8", "--max-tokens", "20",
                "--json")
                .path("text").asString());
    }

    @Test
    void draftsDoNotChangeTheText() throws Exception {
        Path drafts = Path.of("../engine/src/test/resources/drafts/deepseek_v3");
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(drafts.resolve(file), folder.resolve(file));
        }
        String words = IntStream.range(0, 64).mapToObj(i -> "\"w" + i + "\": " + i).collect(Collectors.joining(", "));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
                "model": {"type": "WordPiece", "vocab": {%s}, "unk_token": "w0",
                "continuing_subword_prefix": "##", "max_input_chars_per_word": 9},
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": false}}""".formatted(words));
        String[] asked = {"run", folder.toString(), "-p", "w5 w17 w3", "--seed", "3", "--max-tokens", "40",
            "--precision", "exact", "--json", "--draft=none"};
        JsonNode plain = json(asked);
        String[] with = asked.clone();
        with[asked.length - 1] = "--draft=mtp";
        JsonNode drafted = json(with);
        assertEquals(40, plain.path("tokens").asInt());
        assertEquals(plain.path("text"), drafted.path("text"));
        assertEquals(0, plain.path("drafted_tokens").asInt(-1));
        with[asked.length - 1] = "--draft=early-exit:1";
        assertEquals(plain.path("text"), json(with).path("text"));
        for (String wrong : new String[] {"early-exit:99", "early-exit:0", "early-exit:x", "early-exit:"}) {
            with[asked.length - 1] = "--draft=" + wrong;
            assertTrue(run(ExitCode.USAGE, "", with).err().contains("early"), wrong);
        }
        with[asked.length - 1] = "--draft";
        assertEquals(plain.path("text"), json(with).path("text"));
        String[] form = Stream.concat(Arrays.stream(with), Stream.of("--regex", "w[1-4][0-9]?( w[1-4][0-9]?)*"))
                .toArray(String[]::new);
        JsonNode formed = json(form);
        assertTrue(formed.path("text").asString().matches("w[1-4][0-9]?( w[1-4][0-9]?){39}"), formed.toString());
        assertTrue(formed.path("drafted_tokens").asInt() > 0, formed.toString());
        form[asked.length - 1] = "--draft=none";
        assertEquals(formed.path("text"), json(form).path("text"));
        run(ExitCode.OK, "w5\n/stats\n", "chat", folder.toString(), "--draft=mtp", "--max-tokens", "9");
        String none = "glia: speculative decoding was requested; the model has no multi-token-prediction layer\n";
        for (String command : new String[] {"run", "chat", "bench"}) {
            assertEquals(none, run(ExitCode.USAGE, "Once", command, "stories260K", "--draft=mtp").err());
        }
    }

    @Test
    void theModelsOwnSamplingOptionsAreTheDefaults() throws Exception {
        Path shipped = Path.of(json("pull", "stories260K", "--json").path("path").asString());
        for (String file : new String[] {"config.json", "model.safetensors", "tokenizer.json",
            "tokenizer_config.json"}) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Path sampling = folder.resolve("generation_config.json");
        Files.writeString(sampling, "{\"do_sample\": false}");
        assertEquals("time, there was a little girl named Lily.\n",
                outputOf("run", folder.toString(), "-p", "Once upon a", "--stop", " She"));
        Files.writeString(sampling, "{\"temperature\": 0.6, \"top_k\": 20}");
        String set = run(ExitCode.OK, "/set\n/set top-p 0.5\n/set\n", "chat", folder.toString(), "--top-k", "7").out();
        assertTrue(set.contains("temperature         0.6\ntop-k               7\ntop-p               1.0\n"), set);
        assertTrue(set.contains("temperature         0.6\ntop-k               7\ntop-p               0.5\n"), set);
        Files.writeString(sampling, "{\"temperature\": \"hot\"}");
        assertEquals("glia: " + sampling + ": key temperature: found \"hot\", expected a number\n",
                run(ExitCode.BAD_FILE, "", "run", folder.toString(), "-p", "x").err());
    }

    @Test
    void promptsThatDoNotFitAreUsageErrors() {
        assertEquals("glia: a context of 100000 tokens was requested; the model supports at most 512; with rotary "
                + "positions, --rope-scaling yarn --rope-scale 4 is for contexts four times as long\n",
                run(ExitCode.USAGE, "", "run", "stories260K", "-p", "x", "--context", "100000").err());
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "-p", "a b c d e f g", "--context", "4").err()
                .startsWith("glia: the prompt has "));
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "x", "-p", "y").err()
                .startsWith("glia: 'x' is one word too many: --prompt gives PROMPT; use: glia run [OPTIONS] MODEL\n"));
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "--raw", "--system", "x").err().contains("--raw"));
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "x", "--raw", "--suffix", "y").err()
                .contains("--raw"));
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "x", "--suffix", "y").err()
                .contains("<|fim_prefix|>"));
    }

    @Test
    void anEmptyPromptIsRefused() {
        for (String prompt : new String[] {"", " \n"}) {
            TestConsole console = new TestConsole("");
            assertEquals(ExitCode.USAGE, console.run("run", "stories260K", prompt));
            assertTrue(console.err().startsWith("glia: PROMPT is empty: give it after MODEL"), console.err());
        }
        assertEquals(ExitCode.OK, new TestConsole("").run("run", "stories260K", "", "--raw", "-n", "2"));
    }

    @Test
    void picturesGoWithThePrompt() throws Exception {
        Path cat = folder.resolve("cat.png");
        ImageIO.write(new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB), "png", cat.toFile());
        String model = Path.of("../engine/src/test/resources/golden-pictures/llava").toString();
        JsonNode none = json("run", model, "What is this?", "-n", "3", "--temp", "0", "--json");
        JsonNode two = json("run", model, "What is this?", "--image", cat.toString(), "--image", cat.toString(), "-n",
                "3", "--temp", "0", "--json");
        // Four embeddings and a line end for each.
        assertEquals(none.path("prompt_tokens").asInt() + 10, two.path("prompt_tokens").asInt());
        assertTrue(run(ExitCode.USAGE, "", "run", "stories260K", "What?", "--image", cat.toString()).err()
                .contains("reads no pictures"));
        assertTrue(run(ExitCode.USAGE, "", "run", model, "What?", "--image", folder + "/dog.png").err()
                .contains("dog.png: there is no such file"));
        assertTrue(run(ExitCode.USAGE, "", "run", model, "What?", "--raw", "--image", cat.toString()).err()
                .contains("--image needs the chat template"));
    }

    @Test
    void aModelSpeaks() throws Exception {
        String model = folder.resolve("voice").toString();
        assertTrue(run(ExitCode.OK, "", "new", "vits", "hidden=8", "channels=16", "layers=1", "speakers=2", "-o", model)
                .err().contains("noise"));
        Path file = folder.resolve("said.wav");
        assertTrue(run(ExitCode.OK, "", "speak", model, "Hello. I speak.", "-o", file.toString(), "--voice", "1").out()
                .contains("said.wav: "));
        try (AudioInputStream sound = AudioSystem.getAudioInputStream(file.toFile())) {
            assertEquals(16000, sound.getFormat().getSampleRate());
            assertEquals((Files.size(file) - 44) / 2, sound.getFrameLength());
        }
        assertTrue(run(ExitCode.OK, "", "speak", model, "Hi", "-o", "-", "--speed", "2").out().startsWith("RIFF"));
        assertTrue(run(ExitCode.USAGE, "", "speak", model, "Hi", "-o", folder + "/a.wav", "--voice", "2").err()
                .contains("expected one of 0, 1"));
        assertTrue(run(ExitCode.USAGE, "", "speak", model, "\u4f60", "-o", folder + "/a.wav").err()
                .contains("is in " + folder));
        assertTrue(run(ExitCode.USAGE, "", "speak", model, "Hi", "-o", folder + "/a.mp3").err()
                .contains("ends with .wav"));
        assertFalse(Files.exists(folder.resolve("a.wav")));
        String csm = folder.resolve("csm").toString();
        assertTrue(run(ExitCode.USAGE, "", "new", "csm", "-o", csm).err().contains("--tokenizer is missing"));
        run(ExitCode.OK, "", "new", "csm", "hidden=8", "--tokenizer", "stories260K", "-o", csm);
        assertTrue(run(ExitCode.OK, "", "speak", csm, "Hi. Ho.", "-o", folder.resolve("csm.wav").toString(), "--voice",
                "3").out().contains("16000 Hz"));
        assertTrue(run(ExitCode.USAGE, "", "speak", csm, "Hi", "-o", folder + "/a.wav", "--speed", "2").err()
                .contains("speed: found 2.0, expected 1"));
    }

    @Test
    void aModelDraws() throws Exception {
        String model = Path.of("../engine/src/test/resources/golden-pictures/emu3").toString();
        Path file = folder.resolve("drawn.png");
        assertTrue(run(ExitCode.OK, "", "draw", model, "a cat", "-o", file.toString(), "--seed", "1", "--size", "8x6")
                .out().contains("drawn.png: 8 x 6 pixels"));
        assertEquals(6, ImageIO.read(file.toFile()).getHeight());
        assertTrue(run(ExitCode.USAGE, "", "draw", model, "a cat", "-o", folder + "/a.png", "--size", "big").err()
                .contains("--size: found big"));
        assertTrue(run(ExitCode.USAGE, "", "draw", "stories260K", "a cat", "-o", folder + "/a.png").err()
                .contains("generates no pictures"));
    }
}
