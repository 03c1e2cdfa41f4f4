"""A store full of messages, written through the server's own Store: rooms, people, English and Chinese text."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from chatapp.chat import schema
from chatapp.chat.messages import Post, User
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite

#: Messages a commit.
BATCH = 2000
#: Those who wrote them.
PEOPLE = tuple(User(f"{n:016x}", f"person {n}", "") for n in range(50))
#: Stands in one message in 50,000 or so, and in one in 20.
RARE, COMMON = "zyzzyva", "server"
#: Two characters, which is less than a trigram; stands in one message in 100.
SHORT = "茶馆"

_ENGLISH_WORDS = """
    the a and to of in is it that for on with this at as we you they I can will has have was but not from by or if when
    so what about more there their time just like know think see now look only come over back after use two how work
    first well way even new want because any give day most us build deploy test branch review merge ticket release
    customer meeting tomorrow yesterday morning lunch coffee database index query table message room client browser
    network timeout restart error warning log file config setting patch version update upgrade rollback metric graph
    alert latency cache queue worker thread process memory disk page button colour theme font language text search
"""
_CHINESE_WORDS = """
    我们 你们 大家 今天 明天 昨天 现在 以后 因为 所以 但是 如果 可以 需要 应该 已经 正在 开始 完成 问题 服务器 数据库
    客户端 浏览器 网络 消息 房间 搜索 版本 更新 部署 测试 代码 评审 合并 会议 午饭 咖啡 喝茶 早上 下午 晚上 周末 项目
    进度 计划 同事 老板 客户 电话 邮件 文档 日志 错误 警告 重启 超时 缓存 队列 内存 磁盘 页面 按钮 颜色 主题 字体 语言
"""
_ENGLISH, _CHINESE = _ENGLISH_WORDS.split(), _CHINESE_WORDS.split()


def texts(rng: random.Random) -> Iterator[str]:
    """Messages without end, 3 to 30 words each: two of three English, the others Chinese or mixed."""
    number = 0
    while True:
        number += 1
        length = min(30, 3 + int(rng.expovariate(0.12)))
        kind = rng.randrange(6)
        words = rng.choices(_CHINESE if kind == 0 else _ENGLISH, k=length)
        if kind == 1:
            words[::2] = rng.choices(_CHINESE, k=len(words[::2]))
        if number % 20 == 0:
            words.append(COMMON)
        if number % 100 == 0:
            words.append(SHORT)
        if number % 50_000 == 0:
            words.append(RARE)
        yield ("" if kind == 0 else " ").join(words)


def fill(folder: Path, rooms: dict[str, int]) -> None:
    """Make a store in `folder` with these rooms, and so many messages in each; they come in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    text = texts(rng)
    store = Store(Sqlite(folder))
    store.open()
    began, done, total = time.monotonic(), 0, sum(rooms.values())
    try:
        for number, room in enumerate(rooms):
            if room != "main":
                store.append([Post(schema.CREATE, room, PEOPLE[0], f"create-{number}", "measuring")])
        left = dict(rooms)
        while left:
            names, weights = list(left), list(left.values())
            posts = []
            for room in rng.choices(names, weights, k=min(BATCH, sum(weights))):
                if left.get(room):
                    left[room] -= 1
                    posts.append(Post(schema.MESSAGE, room, rng.choice(PEOPLE), f"{rng.getrandbits(128):032x}", next(text)))
                    if not left[room]:
                        del left[room]
            store.append(posts)
            store.news()
            done += len(posts)
            if done % 100_000 < BATCH and total > 100_000:
                print(f"  {done:,} of {total:,} messages in {time.monotonic() - began:.0f} s", flush=True)
    finally:
        store.close()
