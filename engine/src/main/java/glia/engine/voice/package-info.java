/// Text to speech: sound of texts, sentence by sentence.
package glia.engine.voice;
