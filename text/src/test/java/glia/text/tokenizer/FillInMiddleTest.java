package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.text.tokenizer.FillInMiddle.ContextFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FillInMiddleTest {
    @TempDir
    Path folder;

    /// A tokenizer of bytes with some special tokens, ids from 300 on.
    private Tokenizer tokenizer(List<String> special) throws IOException {
        String added = IntStream.range(0, special.size()).mapToObj(i -> "{\"id\":" + (300 + i) + ",\"content\":\""
                + special.get(i) + "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
                + "\"special\":true}").collect(Collectors.joining(","));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],"normalizer":null,
                "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false},
                "post_processor":null,
                "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
                "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"",
                "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
                "vocab":{"a":0,"b":1,"<":2,">":3,"m":4},"merges":[]}}""".formatted(added));
        return Tokenizer.load(folder);
    }

    @ParameterizedTest
    @CsvSource({
        "<|fim_prefix|> <|fim_suffix|> <|fim_middle|>, 300 0 301 1 302",
        "<fim_prefix> <fim_suffix> <fim_middle>, 300 0 301 1 302",
        "<fim-prefix> <fim-suffix> <fim-middle>, 300 0 301 1 302",
        "▁<PRE> ▁<SUF> ▁<MID>, 300 0 301 1 302",
        "<｜fim▁begin｜> <｜fim▁hole｜> <｜fim▁end｜>, 300 0 301 1 302",
        "<|code_prefix|> <|code_suffix|> <|code_middle|>, 300 0 301 1 302",
        "<[fim-suffix]> <[fim-prefix]> <[fim-middle]>, 300 1 301 0 302",
        "[SUFFIX] [PREFIX], 300 1 301 0"})
    void promptsHaveTheMarkersOfTheFamily(String markers, String ids) throws IOException {
        FillInMiddle form = FillInMiddle.of(tokenizer(List.of(markers.split(" ")))).orElseThrow();
        assertEquals(ids, Arrays.stream(form.prompt("a", "b")).mapToObj(Integer::toString)
                .collect(Collectors.joining(" ")));
        assertEquals(IntStream.range(300, 300 + markers.split(" ").length).boxed().collect(Collectors.toSet()),
                form.ends());
    }

    @Test
    void markersInTextsAreTextAndFurtherTokensEndTheMiddle() throws IOException {
        FillInMiddle form = FillInMiddle.of(tokenizer(List.of("<m>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>",
                "<|endoftext|>", "<file_sep>"))).orElseThrow();
        assertArrayEquals(new int[] {301, 2, 4, 3, 302, 303}, form.prompt("<m>", ""));
        assertEquals(Set.of(301, 302, 303, 304, 305), form.ends());
        assertTrue(FillInMiddle.of(tokenizer(List.of("<fim_prefix>", "<fim_suffix>"))).isEmpty());
    }

    @Test
    void otherFilesAreThoseOfARepositoryOrTextBeforeThePrefix() throws IOException {
        List<ContextFile> files = List.of(new ContextFile("m", "a"), new ContextFile("a", "b"));
        List<String> markers = List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>");
        // Characters that the vocabulary lacks, as of line feeds, have no tokens.
        assertArrayEquals(new int[] {300, 0, 1, 0, 301, 1, 302},
                FillInMiddle.of(tokenizer(markers)).orElseThrow().prompt("a", "b", files));
        List<String> all = new ArrayList<>(markers);
        all.addAll(List.of("<|repo_name|>", "<|file_sep|>"));
        assertArrayEquals(new int[] {303, 304, 4, 0, 304, 0, 1, 304, 300, 0, 301, 1, 302},
                FillInMiddle.of(tokenizer(all)).orElseThrow().prompt("a", "b", files));
    }

    /// As in Code Llama: the prefix begins a text, the suffix does not.
    @Test
    void theSuffixGetsNoSpaceOfSentencePiece() throws IOException {
        String json = Files.readString(TestData.stories260K().resolve("tokenizer.json"));
        for (String[] pair : new String[][] {{"<0xFD>", "▁<PRE>"}, {"<0xFE>", "▁<SUF>"}, {"<0xFF>", "▁<MID>"}}) {
            assertTrue(json.contains(pair[0]));
            json = json.replace(pair[0], pair[1]);
        }
        Files.writeString(folder.resolve("tokenizer.json"), json);
        Files.copy(TestData.stories260K().resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
        Tokenizer tokenizer = Tokenizer.load(folder);
        int[] prompt = FillInMiddle.of(tokenizer).orElseThrow().prompt("time", "time");
        String pieces = Arrays.stream(prompt).mapToObj(tokenizer::piece).collect(Collectors.joining(" "));
        assertTrue(pieces.matches("<s> ▁<PRE> ▁t.* ▁<SUF> t.* ▁<MID>"), pieces);
        assertTrue(!pieces.substring(pieces.indexOf("<SUF>") + 5, pieces.indexOf("▁<MID>")).contains("▁"), pieces);
    }
}
