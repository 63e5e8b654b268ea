package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import glia.io.CheckpointException;
import glia.io.json.JsonValues;
import glia.io.yaml.YamlDocument;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTokenizerTest {
    private static final String ASCII = """
            task: sft
            data: {train: chats.jsonl}
            tokenizer:
              train: characters
              characters: ascii
              special_tokens: ["<unk>", "<|end|>", "<|user|>", "<|assistant|>"]
              added_tokens: ["<think>", "</think>"]
              chat_template: template.jinja
            """;
    private static final String TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}"
            + "{% if m.role == 'assistant' %}<|end|>{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}<|assistant|><think>{% endif %}";

    @TempDir
    private Path folder;

    private Path write(String yaml, String... overrides) throws IOException {
        Files.writeString(folder.resolve("template.jinja"), TEMPLATE);
        Files.writeString(folder.resolve("chats.jsonl"), """
                {"messages": [{"role": "user", "content": "bé"}, {"role": "assistant", "content": "a\\n",
                 "reasoning_content": "🙂"}]}
                {"prompt": "c", "completion": "d"}
                """.replace(",\n ", ", "));
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("r.yaml"), yaml), List.of(overrides));
        return RunTokenizer.folder(recipe, Optional.empty(), folder.resolve("tokenizer"));
    }

    private void refused(String expected, String... overrides) {
        var e = assertThrows(Exception.class, () -> write(ASCII, overrides));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void asciiHasLineFeedAndAllPrintableCharacters() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(write(ASCII));
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<|end|>", "<|user|>", "<|assistant|>", "<think>",
                "</think>", "\n"));
        for (char c = ' '; c < 127; c++) {
            pieces.add(String.valueOf(c));
        }
        assertEquals(102, tokenizer.vocabSize());
        for (int i = 0; i < pieces.size(); i++) {
            assertEquals(i, tokenizer.id(pieces.get(i)).orElseThrow(), pieces.get(i));
        }
        assertEquals(1, tokenizer.eos().orElseThrow());
        assertArrayEquals(new int[] {0, 72, 0}, tokenizer.encodePlain("éa🙂", false));
    }

    @Test
    void addedTokensAreShownInDecodedTextAndSpecialOnesAreNot() throws Exception {
        Path written = write(ASCII);
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long theirs = library.createTokenizerFromString(Files.readString(written.resolve("tokenizer.json")));
        long[] ids = library.getTokenIds(library.encode(theirs, "<|user|>1<think>\n</think>2<|end|>", true));
        assertArrayEquals(new long[] {2, 24, 4, 6, 5, 25, 1}, ids);
        assertEquals("1<think>\n</think>2", library.decode(theirs, ids, true));
        Map<?, ?> config = (Map<?, ?>) JsonValues.parse(Files.readString(written.resolve("tokenizer_config.json")));
        assertEquals(List.of("<unk>", "<|end|>", "<|end|>"), List.of(config.get("unk_token"), config.get("eos_token"),
                config.get("pad_token")));
        assertFalse(config.get("additional_special_tokens").toString().contains("think"), "they would be special");
    }

    @Test
    void theChatTemplateBecomesPartOfTheTokenizer() throws Exception {
        Path written = write(ASCII);
        ChatTemplate template = ChatTemplate.find(written).orElseThrow();
        assertArrayEquals(new int[] {2, 24, 3, 4}, template.encode(List.of(ChatMessage.user("1")),
                RenderOptions.PROMPT, Tokenizer.load(written)));
    }

    @Test
    void charactersOfChatsAreThoseOfTheirMessages() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(write(ASCII, "tokenizer.characters=text",
                "tokenizer.special_tokens=<|end|>", "tokenizer.added_tokens=[]"));
        List<String> characters = List.of("\n", "a", "b", "c", "d", "é", "🙂");
        assertEquals(2 + characters.size(), tokenizer.vocabSize());
        characters.forEach(c -> assertEquals(2 + characters.indexOf(c), tokenizer.id(c).orElseThrow(), c));
        assertEquals(0, tokenizer.eos().orElseThrow());
    }

    @Test
    void aTokenizerWithoutATemplateHasNoPadding() throws Exception {
        Path written = write(ASCII, "tokenizer.chat_template=");
        assertTrue(ChatTemplate.find(written).isEmpty());
        assertFalse(Files.readString(written.resolve("tokenizer_config.json")).contains("pad_token"));
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        refused("r.yaml: line 5: key tokenizer.characters: is set, but the tokens of tokenizer.train: bpe",
                "tokenizer.train=bpe");
        refused("r.yaml: overridden key tokenizer.chat_template: names ", "tokenizer.chat_template=missing.jinja");
        refused("names 'shipped:none.jinja', but", "tokenizer.chat_template=shipped:none.jinja");
        refused("r.yaml: overridden key tokenizer.special_tokens: found the special token \"|\"",
                "tokenizer.special_tokens=[\"<unk>\", \"|\"]");
        refused("r.yaml: overridden key tokenizer.vocab_size: is too small: a vocabulary of 258 tokens, expected at "
                + "least 262", "tokenizer.train=bpe", "tokenizer.characters=", "tokenizer.vocab_size=258");
        Files.writeString(folder.resolve("broken.jinja"), "a\n{% if %}");
        var e = assertThrows(TemplateException.class, () -> write(ASCII, "tokenizer.chat_template="
                + folder.resolve("broken.jinja")));
        assertTrue(e.getMessage().contains("broken.jinja:2: "), e.getMessage());
        Recipe existing = Recipe.of(YamlDocument.parse(folder.resolve("r.yaml"), "model.path: m\n"
                + "tokenizer.chat_template: template.jinja"), List.of());
        var other = assertThrows(CheckpointException.class, () -> RunTokenizer.requireNone(existing));
        assertTrue(other.getMessage().contains("model.path is a model that has a tokenizer already"),
                other.getMessage());
    }
}
