package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The process that may not die. Prints the number of each case before it starts, and what was wrong after it.
///
/// Arguments: what to do, a folder to write to, a seed, the first case and the end of the cases.
final class FuzzChild {
    /// Loads files of [FuzzTokenizers], encodes texts and decodes ids.
    static final String FILES = "files";
    /// Splits long texts by patterns of [FuzzTexts].
    static final String PATTERNS = "patterns";
    /// Encodes long texts with the tokenizers of models.
    static final String PROMPTS = "prompts";
    static final String CASE = "case ";
    static final String WRONG = "wrong ";
    static final String MEMORY = "memory ";
    static final String END = "end";

    private final Path folder;
    private final Random random;
    /// The token for characters that no piece covers, which any text may hold.
    private int unknown = -1;

    private FuzzChild(Path folder, Random random) {
        this.folder = folder;
        this.random = random;
    }

    public static void main(String[] args) throws IOException {
        int loaded = 0;
        for (int i = Integer.parseInt(args[3]); i < Integer.parseInt(args[4]); i++) {
            System.out.println(CASE + i);
            FuzzChild child = new FuzzChild(Path.of(args[1]), new Random(Long.parseLong(args[2]) * 1_000_003 + i));
            try {
                switch (args[0]) {
                    case FILES -> child.file();
                    case PATTERNS -> child.pattern();
                    default -> child.prompt();
                }
                loaded++;
            } catch (CheckpointException e) {
                checkMessage(e.getMessage());
            } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
                wrong(e);
            }
        }
        System.out.println(MEMORY + peakMemory());
        System.out.println(END + " " + loaded);
    }

    private static void wrong(Throwable e) {
        System.out.println(WRONG + e + " at " + List.of(e.getStackTrace()).subList(0, Math.min(6,
                e.getStackTrace().length)));
    }

    private static void checkMessage(String message) {
        if (message.isBlank() || message.chars().anyMatch(Character::isISOControl)) {
            wrong(new IllegalStateException("message: " + message));
        }
    }

    private void file() throws IOException {
        byte[] file = new FuzzTokenizers(random).file();
        Files.write(folder.resolve("tokenizer.json"), file);
        Tokenizer tokenizer = Tokenizer.load(folder);
        unknown = unknown(file, tokenizer);
        run(tokenizer);
    }

    private void pattern() throws IOException {
        String regex = FuzzTexts.regex(random);
        ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(
                Files.readAllBytes(TestData.stories260K().resolve("tokenizer.json")));
        json.putObject("pre_tokenizer").put("type", "Split").put("behavior", "Isolated").put("invert", false)
                .putObject("pattern").put("Regex", regex);
        json.putNull("normalizer");
        Files.write(folder.resolve("tokenizer.json"), JsonMapper.shared().writeValueAsBytes(json));
        Tokenizer tokenizer = Tokenizer.load(folder);
        for (int i = 0; i < 3; i++) {
            int length = List.of(900, 19_000, 60_000).get(i);
            try {
                tokenizer.encode(FuzzTexts.text(random, length), false);
            } catch (IllegalArgumentException e) {
                checkMessage(e.getMessage());
            }
        }
    }

    private void prompt() throws IOException {
        List<Tokenizer> tokenizers = new ArrayList<>();
        for (String name : List.of("stories260K", "wordpiece", "wordpiece_cased", "unigram")) {
            tokenizers.add(Tokenizer.load(TestData.resource(name)));
        }
        for (PreTokenizer one : PreTokenizer.values()) {
            tokenizers.add(Tokenizer.fromGguf(TestData.gguf(TestData.byteLevelMetadata(one.usualName()))));
        }
        Tokenizer tokenizer = tokenizers.get(random.nextInt(tokenizers.size()));
        int length = random.nextInt(4) > 0 ? 1000 : random.nextInt(4) > 0 ? 100_000 : 1_000_000;
        String text = FuzzTexts.text(random, length);
        try {
            int[] ids = tokenizer.encode(text, true);
            tokenizer.decode(ids, false);
            for (int id : tokenizer.encodePlain(text, false)) {
                tokenizer.piece(id);
            }
        } catch (IllegalArgumentException e) {
            if (!e.getMessage().startsWith("a text of ")) {
                throw e;
            }
        }
    }

    private static int unknown(byte[] file, Tokenizer tokenizer) {
        JsonNode model = JsonMapper.shared().readTree(file).path("model");
        return model.has("unk_id") ? model.path("unk_id").asInt(-1)
                : tokenizer.id(model.path("unk_token").asString("[UNK]")).orElse(-1);
    }

    private void run(Tokenizer tokenizer) {
        List<String> texts = new ArrayList<>(List.of("", "ab ba", "<s>a<think>\n é", "12  \0"));
        for (int i = 0; i < 6; i++) {
            texts.add(FuzzTexts.text(random, random.nextInt(4) == 0 ? 15_000 : 60));
        }
        for (String text : texts) {
            encode(tokenizer, text);
        }
        int[] ids = random.ints(200, 0, tokenizer.vocabSize()).toArray();
        tokenizer.decode(ids, false);
        StreamingDecoder decoder = tokenizer.streamingDecoder(true);
        for (int id : ids) {
            decoder.accept(id);
        }
        decoder.finish();
        try {
            tokenizer.decode(new int[] {random.nextBoolean() ? -1 : tokenizer.vocabSize()}, false);
            wrong(new IllegalStateException("an id outside the vocabulary was decoded"));
        } catch (IllegalArgumentException e) {
            checkMessage(e.getMessage());
        }
    }

    private void encode(Tokenizer tokenizer, String text) {
        try {
            for (int id : tokenizer.encode(text, true)) {
                tokenizer.piece(id);
            }
            for (int id : tokenizer.encodePlain(text, false)) {
                if (tokenizer.isMarker(id) && id != unknown) {
                    wrong(new IllegalStateException("plain text became the marker " + id));
                }
            }
        } catch (IllegalArgumentException | UncheckedIOException e) {
            checkMessage(e.getMessage());
            if (text.length() < 100) {
                wrong(e);
            }
        }
    }

    /// The most memory that this process had, in MiB; 0 where the system does not say.
    private static long peakMemory() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmHWM"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) >> 10).sum();
    }
}
