package glia.integrations.langchain4j;

import org.junit.jupiter.api.Tag;

/// LangChain4j's own tests of streaming chat models with that of cancellation, which waits half a minute.
@Tag("slow")
class LangChainCancellationTest extends LangChainStreamingChatModelTest {
    @Override
    protected boolean supportsStreamingCancellation() {
        return true;
    }
}
