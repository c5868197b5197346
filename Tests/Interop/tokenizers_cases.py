"""Writes tokenizers of many settings with texts and what Python's tokenizers makes of them, for `pretrainedtests`:

    pip install tokenizers==0.23.*
    python3 Tests/Interop/tokenizers_cases.py FOLDER [TEXTS]
    swift run -c release pretrainedtests FOLDER

Texts are drawn from signs of many scripts, marks, blanks, controls and words of the psalms; TEXTS of each tokenizer, 350 unless told.
"""
import sys
import json, os, random
from tokenizers import Tokenizer, models, normalizers as N, pre_tokenizers as P, processors as R, decoders as D, trainers as T, AddedToken, Regex
corpus=[l.strip() for l in open(os.path.join(os.path.dirname(__file__), '..', '..', 'Examples', 'Psalms', 'Resources', 'psalms.txt'), encoding='utf8')]
folder = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 350
texts = []
random.seed(5)
pool=['a','B','é','ß','İ','ſ','K','ﬁ','①','½','e\u0301','q\u0323\u0307','\u1100\u1161\u11a8','가','中','日本','العربية','हिन्दी','😀','👨‍👩‍👧','\u200d','\u200b','\ufeff',' ','  ','\t','\n','\r\n','\u00a0','\u3000','.',',','!','?','…','—','«','\'s',"'LL","n't",' do not','123','4567','٣','Ⅷ','x²','_','-','<s>','</s>','[MASK]','<mask>','▁','Ġ','\x00','\x07','\x7f','\u0085','the','lord','Shepherd','und','ǆ','ΑΣ','ŉ','\u0345','㍿','ｶﾞ','\U0001F1E9\U0001F1EA','\uFFFD','a'*120]
for i in range(count): texts.append(''.join(random.choice(pool) for _ in range(random.randint(0,14))))
def dump(name, t, pairs=True):
    d=os.path.join(folder,'tokenizers',name); os.makedirs(d,exist_ok=True); t.save(d+'/tokenizer.json')
    with open(d+'/cases.jsonl','w',encoding='utf8') as f:
        for i,x in enumerate(texts):
            e=t.encode(x); c=dict(text=x,ids=e.ids,tokens=e.tokens,offsets=e.offsets,decoded=t.decode(e.ids),type_ids=e.type_ids)
            f.write(json.dumps(c,ensure_ascii=False)+'\n')
            if pairs and i%10==0:
                y=texts[(i*7+3)%len(texts)]; e=t.encode(x,y); f.write(json.dumps(dict(text=x,pair=y,ids=e.ids,tokens=e.tokens,offsets=e.offsets,type_ids=e.type_ids),ensure_ascii=False)+'\n')
    print(name,flush=True)
sp=['<s>','<pad>','</s>','<unk>','<mask>']
# roberta
t=Tokenizer(models.BPE()); t.pre_tokenizer=P.ByteLevel(add_prefix_space=True); t.decoder=D.ByteLevel()
t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=900,special_tokens=sp,initial_alphabet=P.ByteLevel.alphabet(),show_progress=False))
t.post_processor=R.RobertaProcessing(('</s>',2),('<s>',0),trim_offsets=True,add_prefix_space=True)
t.add_tokens([AddedToken('<mask>',lstrip=True,special=True),AddedToken('Shepherd',rstrip=True,normalized=True)]); dump('roberta',t)
# qwen2
t=Tokenizer(models.BPE()); t.normalizer=N.NFC()
t.pre_tokenizer=P.Sequence([P.Split(Regex(r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""),'isolated'),P.ByteLevel(add_prefix_space=False,use_regex=False)])
t.decoder=D.ByteLevel(); t.post_processor=R.ByteLevel(trim_offsets=False)
t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=900,special_tokens=['<|im_start|>'],initial_alphabet=P.ByteLevel.alphabet(),show_progress=False)); dump('qwen2',t)
# gpt-4o like
t=Tokenizer(models.BPE(ignore_merges=True)); 
t.pre_tokenizer=P.Sequence([P.Split(Regex(r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""),'removed',invert=True),P.ByteLevel(add_prefix_space=False,use_regex=False)])
t.decoder=D.ByteLevel()
t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=700,initial_alphabet=P.ByteLevel.alphabet(),show_progress=False)); dump('gpt4o',t)
# deepseek like
t=Tokenizer(models.BPE()); t.normalizer=N.Sequence([])
t.pre_tokenizer=P.Sequence([P.Split(Regex(r"\p{N}{1,3}"),'isolated'),P.Split(Regex(r"[一-龥぀-ゟ゠-ヿ]+"),'isolated'),P.Split(Regex(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""),'isolated'),P.ByteLevel(add_prefix_space=False,use_regex=False)])
t.decoder=D.ByteLevel(); t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=700,initial_alphabet=P.ByteLevel.alphabet(),show_progress=False)); dump('deepseek',t)
# bert cased with BertProcessing; StripAccents etc
t=Tokenizer(models.WordPiece(unk_token='[UNK]')); t.normalizer=N.BertNormalizer(lowercase=False,strip_accents=True); t.pre_tokenizer=P.BertPreTokenizer()
t.train_from_iterator(corpus,T.WordPieceTrainer(vocab_size=800,special_tokens=['[PAD]','[UNK]','[CLS]','[SEP]','[MASK]'],show_progress=False))
t.post_processor=R.BertProcessing(('[SEP]',3),('[CLS]',2)); t.decoder=D.WordPiece(cleanup=False); t.enable_truncation(12,stride=2); t.enable_padding(length=14,pad_id=0,pad_token='[PAD]',direction='left'); dump('bert-cased',t)
# wordpiece with other parts
t=Tokenizer(models.WordPiece(unk_token='[UNK]',max_input_chars_per_word=20)); t.normalizer=N.Sequence([N.NFKD(),N.StripAccents(),N.Lowercase(),N.Strip()]); t.pre_tokenizer=P.Sequence([P.Whitespace(),P.Digits(individual_digits=True),P.Punctuation('merged_with_previous')])
t.train_from_iterator(corpus,T.WordPieceTrainer(vocab_size=600,special_tokens=['[UNK]','[CLS]'],show_progress=False)); t.add_tokens([AddedToken('Lord',single_word=True),AddedToken('ÉTÉ',normalized=True)]); dump('wordpiece2',t)
# unigram byte fallback, metaspace first
t=Tokenizer(models.Unigram()); t.normalizer=N.Sequence([N.Nmt(),N.NFKC(),N.Replace(Regex(' {2,}'),' ')]); t.pre_tokenizer=P.Metaspace(prepend_scheme='first',split=False); t.decoder=D.Metaspace(prepend_scheme='first')
t.train_from_iterator(corpus,T.UnigramTrainer(vocab_size=500,special_tokens=['<s>','<unk>'],unk_token='<unk>',show_progress=False)); t.add_special_tokens(['</s>']); dump('unigram2',t)
v=[(x,y) for x,y in json.loads(t.to_str())['model']['vocab']]+[('<0x%02X>'%i,-12.0) for i in range(256)]
t2=Tokenizer(models.Unigram(v,1,byte_fallback=True)); t2.normalizer=N.NFD(); t2.pre_tokenizer=P.Sequence([P.WhitespaceSplit(),P.Metaspace(prepend_scheme='always')]); t2.decoder=D.Sequence([D.ByteFallback(),D.Metaspace()]); dump('unigram-bytes',t2)
# clip like: end_of_word_suffix
t=Tokenizer(models.BPE(unk_token='<unk>',end_of_word_suffix='</w>',fuse_unk=False)); t.normalizer=N.Sequence([N.NFC(),N.Lowercase()]); t.pre_tokenizer=P.Sequence([P.WhitespaceSplit(),P.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"),'removed',invert=True)])
t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=500,special_tokens=['<unk>'],end_of_word_suffix='</w>',show_progress=False)); t.decoder=D.BPEDecoder(); dump('clip',t)
t=Tokenizer(models.BPE(unk_token='<unk>',continuing_subword_prefix='##')); t.pre_tokenizer=P.Sequence([P.CharDelimiterSplit(' '),P.Punctuation('contiguous')])
t.train_from_iterator(corpus,T.BpeTrainer(vocab_size=400,special_tokens=['<unk>'],continuing_subword_prefix='##',show_progress=False)); t.decoder=D.WordPiece(); t.enable_padding(pad_to_multiple_of=8); dump('bpe-prefix',t)
t=Tokenizer(models.WordLevel({'the':0,'<unk>':1,'LORD':2,',':3,'of':4},unk_token='<unk>')); t.pre_tokenizer=P.Whitespace(); dump('wordlevel',t)
