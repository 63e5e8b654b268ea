/// Speech to text: windows of a sound, decoding with fallbacks, timestamps of segments and words, subtitles.
package glia.engine.speech;
